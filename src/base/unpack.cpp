#include "base/unpack.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "base/decoder.hpp"
#include "base/input.hpp"

namespace tenon {
namespace {

constexpr std::size_t piece_size = 65536;

class UnpackedStream final : public Stream {
public:
    UnpackedStream(std::unique_ptr<PeekedStream> packed, std::unique_ptr<Decoder> decoder,
                   std::string name, std::uint64_t limit)
        : packed_{std::move(packed)},
          decoder_{std::move(decoder)},
          name_{std::move(name)},
          limit_{limit} {}

    Result<std::size_t> read(std::span<char> out) override {
        for (;;) {
            if (ended_) {
                TENON_TRY(more, begin_next(), "");
                if (!more) return 0;
            }
            if (in_.empty()) TENON_TRY_DO(fill(), "");
            TENON_TRY(step, decoder_->step(in_, out), name_);
            in_ = in_.subspan(step.taken);
            ended_ = step.ended;
            if (step.given != 0) return count(step.given);
            if (ended_ || step.taken != 0) continue;
            if (at_end_) return malformed("{}: its packed data is cut off", name_);
            if (!in_.empty()) return malformed("{}: its packed data is damaged", name_);
        }
    }

private:
    // Takes the next piece of the packed file; none at its end.
    Result<void> fill() {
        TENON_TRY(got, packed_->read(piece_), "");
        in_ = std::span{piece_}.first(got);
        taken_ += got;
        at_end_ = got == 0;
        if (taken_ > limit_) return malformed("{}: has more than {} packed bytes", name_, limit_);
        return {};
    }

    // What follows packed data that has ended: zeros that fill up a block, more packed data, or the
    // end.
    Result<bool> begin_next() {
        for (;;) {
            const auto data = std::ranges::find_if(in_, [](char byte) { return byte != 0; });
            in_ = in_.subspan(static_cast<std::size_t>(data - in_.begin()));
            if (!in_.empty()) break;
            TENON_TRY_DO(fill(), "");
            if (at_end_) return false;
        }
        ended_ = false;
        TENON_TRY_DO(decoder_->restart(), name_);
        return true;
    }

    Result<std::size_t> count(std::size_t given) {
        given_ += given;
        if (given_ > limit_) return malformed("{}: unpacks to more than {} bytes", name_, limit_);
        return given;
    }

    std::unique_ptr<PeekedStream> packed_;
    std::unique_ptr<Decoder> decoder_;
    std::string name_;
    std::uint64_t limit_;
    std::uint64_t taken_ = 0;
    std::uint64_t given_ = 0;
    std::string piece_ = std::string(piece_size, '\0');
    std::span<const char> in_;  // Of the piece, not unpacked yet.
    bool ended_ = false;        // The decoder has come to the end of its data.
    bool at_end_ = false;       // So has the file.
};

}  // namespace

Result<std::unique_ptr<PeekedStream>> unpacked(std::unique_ptr<Stream> stream,
                                               const std::string& name, std::uint64_t limit) {
    auto content = std::make_unique<PeekedStream>(std::move(stream));
    for (unsigned layer = 0;; ++layer) {
        TENON_TRY(begin, content->peek(longest_begin), "");
        const auto* const format = packed_format(begin);
        if (format == nullptr) return content;
        if (format->make == nullptr)
            return std::unexpected(Error{
                .kind = Error::Kind::Malformed,
                .what = fmt::format("{}: is packed as {}, which is not read", name, format->name),
                .hint = "Unpack it first; gzip, xz and Zstandard are read as they are"});
        if (layer == most_layers)
            return malformed("{}: is packed more than {} times", name, most_layers);
        TENON_TRY(decoder, format->make(), name);
        content = std::make_unique<PeekedStream>(
            std::make_unique<UnpackedStream>(std::move(content), std::move(decoder), name, limit));
    }
}

Result<std::string> read_unpacked(const std::string& path, std::size_t limit) {
    TENON_TRY(input, open_input(path), "");
    const auto name = name_of_input(path);
    TENON_TRY(content, unpacked(std::move(input), name), "");
    return read_all(*content, limit, name);
}

}  // namespace tenon

#include "base/decoder.hpp"

#define ZLIB_CONST  // It does not write what it reads.
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace tenon {
namespace {

// Characters as bytes without a sign, as C libraries want them.
const unsigned char* octets(std::span<const char> text) {
    return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT: bytes as bytes
}
unsigned char* octets(std::span<char> text) {
    return reinterpret_cast<unsigned char*>(text.data());  // NOLINT: bytes as bytes
}

std::unexpected<Error> damaged() { return malformed("its packed data is damaged"); }

std::unexpected<Error> too_much_memory() {
    return malformed("unpacking it needs more than {} MiB of memory", most_decoder_memory >> 20);
}

// Source: RFC 1952; zlib.h.
class GzipDecoder final : public Decoder {
public:
    ~GzipDecoder() override { ::inflateEnd(&zlib_); }

    Result<void> open() {
        constexpr int gzip_alone = 16 + MAX_WBITS;
        if (::inflateInit2(&zlib_, gzip_alone) != Z_OK) return too_much_memory();
        return {};
    }

    Result<Step> step(std::span<const char> in, std::span<char> out) override {
        const auto most = std::size_t{std::numeric_limits<uInt>::max()};
        in = in.first(std::min(in.size(), most));
        out = out.first(std::min(out.size(), most));
        zlib_.next_in = octets(in);
        zlib_.avail_in = static_cast<uInt>(in.size());
        zlib_.next_out = octets(out);
        zlib_.avail_out = static_cast<uInt>(out.size());
        const int code = ::inflate(&zlib_, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return damaged();
        return Step{.taken = in.size() - zlib_.avail_in,
                    .given = out.size() - zlib_.avail_out,
                    .ended = code == Z_STREAM_END};
    }

    Result<void> restart() override {
        if (::inflateReset(&zlib_) != Z_OK) return damaged();
        return {};
    }

private:
    ::z_stream zlib_{};
};

// Source: The .xz File Format 1.1.0; lzma/container.h.
class XzDecoder final : public Decoder {
public:
    ~XzDecoder() override { ::lzma_end(&lzma_); }

    Result<Step> step(std::span<const char> in, std::span<char> out) override {
        lzma_.next_in = octets(in);
        lzma_.avail_in = in.size();
        lzma_.next_out = octets(out);
        lzma_.avail_out = out.size();
        const auto code = ::lzma_code(&lzma_, LZMA_RUN);
        if (code == LZMA_MEMLIMIT_ERROR || code == LZMA_MEM_ERROR) return too_much_memory();
        if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR) return damaged();
        return Step{.taken = in.size() - lzma_.avail_in,
                    .given = out.size() - lzma_.avail_out,
                    .ended = code == LZMA_STREAM_END};
    }

    Result<void> restart() override {
        if (::lzma_stream_decoder(&lzma_, most_decoder_memory, 0) != LZMA_OK)
            return too_much_memory();
        return {};
    }

private:
    ::lzma_stream lzma_ = LZMA_STREAM_INIT;
};

// Source: RFC 8878; zstd.h.
class ZstdDecoder final : public Decoder {
public:
    ZstdDecoder() : zstd_{::ZSTD_createDStream()} {}
    ~ZstdDecoder() override { ::ZSTD_freeDStream(zstd_); }

    Result<Step> step(std::span<const char> in, std::span<char> out) override {
        ::ZSTD_inBuffer input{.src = in.data(), .size = in.size(), .pos = 0};
        ::ZSTD_outBuffer output{.dst = out.data(), .size = out.size(), .pos = 0};
        const auto code = ::ZSTD_decompressStream(zstd_, &output, &input);
        // The library itself refuses a window above 128 MiB.
        if (::ZSTD_isError(code) != 0) {
            const auto why = ::ZSTD_getErrorCode(code);
            const bool memory = why == ZSTD_error_frameParameter_windowTooLarge ||
                                why == ZSTD_error_memory_allocation;
            if (memory) return too_much_memory();
            return damaged();
        }
        return Step{.taken = input.pos, .given = output.pos, .ended = code == 0};
    }

    Result<void> restart() override {
        if (zstd_ == nullptr || ::ZSTD_isError(::ZSTD_initDStream(zstd_)) != 0)
            return too_much_memory();
        return {};
    }

private:
    ::ZSTD_DStream* zstd_;
};

Result<std::unique_ptr<Decoder>> make_gzip() {
    auto decoder = std::make_unique<GzipDecoder>();
    TENON_TRY_DO(decoder->open(), "");
    return decoder;
}

template <typename T>
Result<std::unique_ptr<Decoder>> make_started() {
    auto decoder = std::make_unique<T>();
    TENON_TRY_DO(decoder->restart(), "");
    return decoder;
}

using namespace std::string_view_literals;

constexpr auto formats = std::to_array<PackedFormat>({
    {.name = "gzip", .begin = "\x1f\x8b\x08"sv, .make = make_gzip},
    {.name = "xz", .begin = "\xfd\x37zXZ\x00"sv, .make = make_started<XzDecoder>},
    {.name = "Zstandard", .begin = "\x28\xb5\x2f\xfd"sv, .make = make_started<ZstdDecoder>},
    {.name = "bzip2", .begin = "BZh"sv, .make = nullptr},
    {.name = "zip", .begin = "PK\x03\x04"sv, .make = nullptr},
    {.name = "7z", .begin = "7z\xbc\xaf\x27\x1c"sv, .make = nullptr},
});

}  // namespace

const PackedFormat* packed_format(std::string_view begin) {
    const auto* const format = std::ranges::find_if(
        formats, [&](const PackedFormat& one) { return begin.starts_with(one.begin); });
    return format == formats.end() ? nullptr : format;
}

}  // namespace tenon

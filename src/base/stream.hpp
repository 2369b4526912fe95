// Bytes that come one after the other: a file, a pipe, what unpacks from either. Whoever reads
// holds no more of them than it wants.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace tenon {

/// Where bytes come from, once.
class Stream {
public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;

    /// Fills the front of `out`, which is not empty. Gives how many bytes; 0: the end.
    virtual Result<std::size_t> read(std::span<char> out) = 0;
};

/// All that is left of it. `name` names it in errors.
/// Errors: those of the stream; Malformed if it is longer than `limit` bytes.
Result<std::string> read_all(Stream& stream, std::size_t limit, std::string_view name);

/// Fills all of `out`, or what there is until the end; gives how many bytes.
Result<std::size_t> read_full(Stream& stream, std::span<char> out);

/// Bytes that are in memory already.
class TextStream final : public Stream {
public:
    explicit TextStream(std::string text) : text_{std::move(text)} {}

    Result<std::size_t> read(std::span<char> out) override;

private:
    std::string text_;
    std::size_t at_ = 0;
};

/// A stream that one may look at before it is read.
class PeekedStream final : public Stream {
public:
    explicit PeekedStream(std::unique_ptr<Stream> stream) : stream_{std::move(stream)} {}

    /// The next `count` bytes, or what there is until the end. Valid until the next call.
    Result<std::string_view> peek(std::size_t count);

    Result<std::size_t> read(std::span<char> out) override;

private:
    std::unique_ptr<Stream> stream_;
    std::string ahead_;  // Read already.
};

}  // namespace tenon

// One packed format, step by step: bytes in, bytes out. What is around it is the libraries' of
// those formats: zlib, liblzma and libzstd.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace tenon {

/// Memory that a decoder may use: xz has 65 MiB for what `xz -9` packed, Zstandard 128 MiB for
/// `zstd --ultra -22`.
inline constexpr std::size_t most_decoder_memory = std::size_t{136} << 20;

/// Unpacks one format.
class Decoder {
public:
    /// What a step did.
    struct Step {
        std::size_t taken = 0;  ///< Bytes of the input.
        std::size_t given = 0;  ///< Bytes of the output.
        bool ended = false;     ///< The packed data is complete; more of the kind may follow.
    };

    Decoder() = default;
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
    virtual ~Decoder() = default;

    /// Unpacks some of `in` into `out`, which is not empty. Takes nothing and gives nothing if it
    /// needs more input.
    /// Errors: Malformed for damaged data, or for what needs more memory than a decoder may have.
    virtual Result<Step> step(std::span<const char> in, std::span<char> out) = 0;

    /// Begins again, with what follows packed data that has ended.
    virtual Result<void> restart() = 0;
};

/// A packed format.
struct PackedFormat {
    std::string_view name;   ///< "gzip".
    std::string_view begin;  ///< The bytes that it begins with.
    /// Makes its decoder; none: it is not unpacked here.
    Result<std::unique_ptr<Decoder>> (*make)();
};

/// The longest beginning of a format.
inline constexpr std::size_t longest_begin = 6;

/// The format of data that begins with `begin`; null if it is none that is known.
const PackedFormat* packed_format(std::string_view begin);

}  // namespace tenon

// Packed data and tar archives, made by other code than that which reads them.
#pragma once

#include <fmt/core.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

namespace tenon::support {

/// Characters as bytes without a sign, as C libraries want them.
inline const unsigned char* octets(std::span<const char> text) {
    return static_cast<const unsigned char*>(static_cast<const void*>(text.data()));
}
inline unsigned char* octets(std::span<char> text) {
    return static_cast<unsigned char*>(static_cast<void*>(text.data()));
}

/// `text` as gzip packs it.
inline std::string gzip(std::string_view text) {
    ::z_stream packer{};
    if (::deflateInit2(&packer, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        std::abort();
    std::string packed(::deflateBound(&packer, text.size()) + 64, '\0');
    std::string input{text};
    packer.next_in = octets(std::span<char>{input});
    packer.avail_in = static_cast<uInt>(input.size());
    packer.next_out = octets(std::span<char>{packed});
    packer.avail_out = static_cast<uInt>(packed.size());
    if (::deflate(&packer, Z_FINISH) != Z_STREAM_END) std::abort();
    packed.resize(packer.total_out);
    ::deflateEnd(&packer);
    return packed;
}

/// `text` as xz packs it.
inline std::string xz(std::string_view text) {
    std::string packed(::lzma_stream_buffer_bound(text.size()), '\0');
    std::size_t size = 0;
    if (::lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, nullptr, octets(std::span{text}),
                                  text.size(), octets(std::span<char>{packed}), &size,
                                  packed.size()) != LZMA_OK)
        std::abort();
    packed.resize(size);
    return packed;
}

/// `text` as zstd packs it, with its checksum.
inline std::string zstd(std::string_view text) {
    auto* const packer = ::ZSTD_createCCtx();
    ::ZSTD_CCtx_setParameter(packer, ZSTD_c_checksumFlag, 1);
    std::string packed(::ZSTD_compressBound(text.size()) + 64, '\0');
    const auto size =
        ::ZSTD_compress2(packer, packed.data(), packed.size(), text.data(), text.size());
    ::ZSTD_freeCCtx(packer);
    if (::ZSTD_isError(size) != 0) std::abort();
    packed.resize(size);
    return packed;
}

/// The header of a member of a tar archive: `type` '0' is a file, '2' a link to `target`.
inline std::string tar_header(std::string_view path, char type, std::size_t size,
                              std::string_view target = {}, std::string_view prefix = {}) {
    std::string block(512, '\0');
    block.replace(0, path.size(), path);
    block.replace(100, 7, "0000644");
    block.replace(108, 7, "0000000");
    block.replace(116, 7, "0000000");
    block.replace(124, 11, fmt::format("{:011o}", size));
    block.replace(136, 11, "00000000000");
    block[156] = type;
    block.replace(157, target.size(), target);
    block.replace(257, 8,
                  std::string_view{"ustar\0"
                                   "00",
                                   8});
    block.replace(345, prefix.size(), prefix);
    block.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (const char byte : block)
        sum += static_cast<unsigned char>(byte);
    block.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
    return block;
}

/// A member with its content, filled up to whole blocks.
inline std::string tar_member(std::string_view path, std::string_view content, char type = '0') {
    auto member = tar_header(path, type, content.size());
    member += content;
    member.resize((member.size() + 511) / 512 * 512, '\0');
    return member;
}

/// A link in an archive.
inline std::string tar_link(std::string_view path, std::string_view target) {
    return tar_header(path, '2', 0, target);
}

/// An archive's end.
inline std::string tar_end() { return std::string(1024, '\0'); }

}  // namespace tenon::support

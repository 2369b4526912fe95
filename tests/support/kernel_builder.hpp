// Kernels in miniature, for tests: real headers around a few instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace tenon::support {

/// Instructions, the same in 32 and 64 bits, except where said.
class Code {
public:
    Code& raw(std::initializer_list<unsigned> bytes) {
        for (const unsigned byte : bytes)
            bytes_.push_back(static_cast<std::byte>(byte));
        return *this;
    }
    /// Writes `value` to `port`.
    Code& out(std::uint16_t port, std::uint8_t value) {
        return raw({0x66, 0xba, port & 0xffu, static_cast<unsigned>(port) >> 8, 0xb0, value, 0xee});
    }
    Code& print(std::string_view text) {
        for (const char character : text)
            out(0x3f8, static_cast<std::uint8_t>(character));
        return *this;
    }
    /// Stops until the next interrupt, for ever.
    Code& halt() { return raw({0xf4, 0xeb, 0xfd}); }
    const std::vector<std::byte>& bytes() const { return bytes_; }

private:
    std::vector<std::byte> bytes_;
};

/// A bzImage whose 64-bit entry runs `code`.
inline std::vector<std::byte> make_bzimage(const Code& code) {
    constexpr std::size_t protected_mode = 1024;
    std::vector<std::byte> file(protected_mode + 0x200);
    const std::span all{file};
    store<std::uint8_t>(all, 0x1f1, 1);  // One sector of setup behind the boot sector.
    store<std::uint16_t>(all, 0x1fe, 0xaa55);
    store<std::uint8_t>(all, 0x201, 0x6a);
    store<std::uint32_t>(all, 0x202, 0x53726448);
    store<std::uint16_t>(all, 0x206, 0x020f);
    store<std::uint8_t>(all, 0x211, 1);
    store<std::uint32_t>(all, 0x22c, 0x7fffffff);
    store<std::uint32_t>(all, 0x230, 0x200000);
    store<std::uint8_t>(all, 0x234, 1);
    store<std::uint16_t>(all, 0x236, 3);
    store<std::uint32_t>(all, 0x238, 2047);
    store<std::uint64_t>(all, 0x258, 0x1000000);
    store<std::uint32_t>(all, 0x260, 0x10000);
    file.insert(file.end(), code.bytes().begin(), code.bytes().end());
    return file;
}

/// A vmlinux for PVH that runs `code`, loaded at 1 MiB.
inline std::vector<std::byte> make_vmlinux(const Code& code) {
    constexpr std::size_t notes = 0x200;
    constexpr std::size_t text = 0x1000;
    std::vector<std::byte> file(text);
    const std::span all{file};
    store<std::uint32_t>(all, 0, 0x464c457f);
    store<std::uint32_t>(all, 4, 0x00010102);  // 64 bits, little-endian, version 1.
    store<std::uint16_t>(all, 16, 2);
    store<std::uint16_t>(all, 18, 62);
    store<std::uint32_t>(all, 20, 1);
    store<std::uint64_t>(all, 32, 64);  // Program headers behind the header.
    store<std::uint16_t>(all, 52, 64);
    store<std::uint16_t>(all, 54, 56);
    store<std::uint16_t>(all, 56, 2);
    // A segment to load.
    store<std::uint32_t>(all, 64, 1);
    store<std::uint64_t>(all, 64 + 8, text);
    store<std::uint64_t>(all, 64 + 24, 0x10'0000);
    store<std::uint64_t>(all, 64 + 32, code.bytes().size());
    store<std::uint64_t>(all, 64 + 40, 0x2000);
    // A segment of notes.
    store<std::uint32_t>(all, 120, 4);
    store<std::uint64_t>(all, 120 + 8, notes);
    store<std::uint64_t>(all, 120 + 32, 20);
    store<std::uint64_t>(all, 120 + 40, 20);
    store<std::uint32_t>(all, notes, 4);
    store<std::uint32_t>(all, notes + 4, 4);
    store<std::uint32_t>(all, notes + 8, 18);
    store<std::uint32_t>(all, notes + 12, 0x006e6558);  // "Xen"
    store<std::uint32_t>(all, notes + 16, 0x10'0000);
    file.insert(file.end(), code.bytes().begin(), code.bytes().end());
    return file;
}

}  // namespace tenon::support

// A range of our address space that was mapped with mmap(2).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace tenon {

/// Owns one mapping and unmaps it. Movable only.
class Mapping {
public:
    /// What to map; the fields are the arguments of mmap(2).
    struct Request {
        int fd = -1;
        std::uint64_t offset = 0;
        std::size_t size = 0;
        int protection = PROT_READ | PROT_WRITE;
        int flags = MAP_SHARED;
        std::size_t alignment = 0;  ///< Of the address, a power of two; 0: as the kernel likes.
        std::size_t phase = 0;      ///< Where past a multiple of `alignment`; whole pages.
    };

    Mapping() = default;
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() { reset(); }

    /// Maps as asked. `what` names the object in the error.
    /// Errors: errno of mmap(2).
    static Result<Mapping> map(const Request& request, std::string_view what);

    std::byte* data() const { return data_; }
    std::size_t size() const { return size_; }
    std::span<std::byte> bytes() const { return {data_, size_}; }
    explicit operator bool() const { return data_ != nullptr; }

    /// Unmaps now.
    void reset();

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace tenon

#include "base/mapping.hpp"

#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/bytes.hpp"

namespace tenon {
namespace {

// An address range of our own, `phase` past a multiple of `alignment`, for the mapping to be put
// over. Null if the address space has no room.
void* reserve(std::size_t size, std::size_t alignment, std::size_t phase) {
    const std::size_t room = size + 2 * alignment;
    if (room < size || phase >= alignment) return nullptr;
    void* const start = ::mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return nullptr;
    const auto first = std::bit_cast<std::uintptr_t>(start);
    const auto aligned = align_up(first, alignment) + phase;
    const auto end = aligned + align_up(size, 4096);
    // SAFETY: both cut-off ends lie inside the reservation made above.
    if (aligned > first) ::munmap(start, aligned - first);
    if (first + room > end) ::munmap(std::bit_cast<void*>(end), first + room - end);
    return std::bit_cast<void*>(aligned);
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)} {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    if (this != &other) {
        reset();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

Result<Mapping> Mapping::map(const Request& request, std::string_view what) {
    const bool aligned = request.alignment > 4096;
    void* const place = aligned ? reserve(request.size, request.alignment, request.phase) : nullptr;
    // MAP_FIXED only ever replaces the reservation that was just made.
    const int fixed = place != nullptr ? MAP_FIXED : 0;
    void* const start = ::mmap(place, request.size, request.protection, request.flags | fixed,
                               request.fd, static_cast<off_t>(request.offset));
    if (start == MAP_FAILED) {
        const int error = errno;
        if (place != nullptr) ::munmap(place, align_up(request.size, 4096));
        return fail_system(error, what);
    }
    Mapping mapping;
    mapping.data_ = static_cast<std::byte*>(start);
    mapping.size_ = request.size;
    return mapping;
}

void Mapping::reset() {
    // SAFETY: data_ and size_ are what mmap gave, and nobody else unmaps them.
    if (data_ != nullptr) ::munmap(std::exchange(data_, nullptr), std::exchange(size_, 0));
}

}  // namespace tenon

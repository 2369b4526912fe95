// Little-endian numbers in byte ranges. The one place that looks at the bytes of an object.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace tenon {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they stand");

/// The little-endian number at byte `offset`. The caller has checked that it lies inside.
template <std::unsigned_integral Word>
Word load(std::span<const std::byte> bytes, std::size_t offset) {
    Word word{};
    std::memcpy(&word, bytes.subspan(offset, sizeof word).data(), sizeof word);
    return word;
}

/// Writes `word` little-endian at byte `offset`. The caller has checked that it lies inside.
template <std::unsigned_integral Word>
void store(std::span<std::byte> bytes, std::size_t offset, Word word) {
    std::memcpy(bytes.subspan(offset, sizeof word).data(), &word, sizeof word);
}

/// The number at byte `offset`, all of it of one moment, from memory that others change meanwhile;
/// what is read after it is read after it. The caller has checked that it lies inside, and that it
/// is aligned there.
template <std::unsigned_integral Word>
Word load_once(std::span<const std::byte> bytes, std::size_t offset) {
    // SAFETY: aligned and inside; a number of any type may be looked at as one that is read at
    // once.
    return __atomic_load_n(
        reinterpret_cast<const Word*>(bytes.subspan(offset, sizeof(Word)).data()),  // NOLINT
        __ATOMIC_ACQUIRE);
}

/// Writes `word` at byte `offset` at once, after all that was written before. The same.
template <std::unsigned_integral Word>
void store_once(std::span<std::byte> bytes, std::size_t offset, Word word) {
    // SAFETY: as in load_once().
    __atomic_store_n(reinterpret_cast<Word*>(bytes.subspan(offset, sizeof word).data()),  // NOLINT
                     word, __ATOMIC_RELEASE);
}

/// The bytes of a plain structure, to read.
template <typename T>
    requires std::is_trivially_copyable_v<T>
std::span<const std::byte> bytes_of(const T& object) {
    return std::as_bytes(std::span{&object, 1});
}

/// The bytes of a plain structure, to fill.
template <typename T>
    requires std::is_trivially_copyable_v<T>
std::span<std::byte> writable_bytes_of(T& object) {
    return std::as_writable_bytes(std::span{&object, 1});
}

/// `value` rounded up to a multiple of `alignment`, a power of two. Wraps to 0 past the top.
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

/// `value` rounded down to a multiple of `alignment`, a power of two.
constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
    return value & ~(alignment - 1);
}

}  // namespace tenon

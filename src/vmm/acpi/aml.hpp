// ACPI Machine Language, the few terms that our DSDT needs, as bytes.
//
// A term is its bytes; terms are put together by placing them in others. Names are written as the
// specification encodes them: four characters a segment.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace tenon::vmm::acpi {

using Bytes = std::vector<std::byte>;

/// Writes `value` at `at`, little endian; there has to be room for it.
template <std::unsigned_integral Word>
void put(Bytes& bytes, std::size_t at, Word value) {
    tenon::store(std::span{bytes}, at, value);
}

/// `bytes` behind one another.
Bytes join(std::initializer_list<Bytes> parts);

/// The terms of AML. Source: ACPI Specification 6.5, chapter 20.
namespace aml {

/// A name: `\` for the root, `^` for the parent, segments of up to four characters, dots between.
/// "\_SB.PCI0" is one.
Bytes name_string(std::string_view name);

/// An integer in its shortest encoding.
Bytes integer(std::uint64_t value);

/// A string of ASCII characters.
Bytes string(std::string_view text);

/// A buffer with `content`.
Bytes buffer(std::span<const std::byte> content);

/// A package of up to 255 elements.
Bytes package(const std::vector<Bytes>& elements);

/// Name (name, value)
Bytes name(std::string_view name, const Bytes& value);

/// Scope (name) {terms}
Bytes scope(std::string_view name, const Bytes& terms);

/// Device (name) {terms}
Bytes device(std::string_view name, const Bytes& terms);

/// Method (name, arguments, Serialized) {terms}
Bytes method(std::string_view name, std::uint8_t arguments, const Bytes& terms);

/// An EISA id of the form "PNP0A08", as _HID wants it.
Bytes eisa_id(std::string_view id);

/// A UUID as ToUUID makes it: the first three groups little-endian.
/// `text` is "33db4d5b-1ff7-401c-9657-7441c03dd766", 36 characters.
Bytes uuid(std::string_view text);

/// Method arguments and locals, 0..6 and 0..7.
Bytes arg(unsigned index);
Bytes local(unsigned index);

/// CreateDWordField (buffer, offset, name)
Bytes create_dword_field(const Bytes& source, std::uint64_t offset, std::string_view name);

Bytes store(const Bytes& value, const Bytes& target);
Bytes bit_and(const Bytes& left, const Bytes& right, const Bytes& target);
Bytes bit_or(const Bytes& left, const Bytes& right, const Bytes& target);
Bytes equal(const Bytes& left, const Bytes& right);
Bytes less(const Bytes& left, const Bytes& right);
Bytes logical_not(const Bytes& value);
Bytes if_(const Bytes& condition, const Bytes& terms);
Bytes else_(const Bytes& terms);
Bytes return_(const Bytes& value);

/// Notify (object, value)
Bytes notify(std::string_view object, std::uint64_t value);

}  // namespace aml
}  // namespace tenon::vmm::acpi

#include "vmm/acpi/aml.hpp"

#include <array>

#include "base/text.hpp"

namespace tenon::vmm::acpi {
namespace {

// Opcodes. Source: ACPI Specification 6.5, table 20.2.
constexpr unsigned zero_op = 0x00;
constexpr unsigned one_op = 0x01;
constexpr unsigned name_op = 0x08;
constexpr unsigned byte_prefix = 0x0a;
constexpr unsigned word_prefix = 0x0b;
constexpr unsigned dword_prefix = 0x0c;
constexpr unsigned string_prefix = 0x0d;
constexpr unsigned qword_prefix = 0x0e;
constexpr unsigned scope_op = 0x10;
constexpr unsigned buffer_op = 0x11;
constexpr unsigned package_op = 0x12;
constexpr unsigned method_op = 0x14;
constexpr unsigned dual_name_prefix = 0x2e;
constexpr unsigned multi_name_prefix = 0x2f;
constexpr unsigned extended_prefix = 0x5b;
constexpr unsigned device_op = 0x82;
constexpr unsigned local_op = 0x60;
constexpr unsigned arg_op = 0x68;
constexpr unsigned store_op = 0x70;
constexpr unsigned and_op = 0x7b;
constexpr unsigned or_op = 0x7d;
constexpr unsigned notify_op = 0x86;
constexpr unsigned create_dword_field_op = 0x8a;
constexpr unsigned not_op = 0x92;
constexpr unsigned equal_op = 0x93;
constexpr unsigned less_op = 0x95;
constexpr unsigned if_op = 0xa0;
constexpr unsigned else_op = 0xa1;
constexpr unsigned return_op = 0xa4;
constexpr std::uint8_t serialized = 1u << 3;

Bytes byte(unsigned value) { return {static_cast<std::byte>(value)}; }

/// `value` little-endian in `size` bytes.
Bytes number(std::uint64_t value, unsigned size) {
    Bytes bytes;
    for (unsigned index = 0; index < size; ++index)
        bytes.push_back(static_cast<std::byte>(value >> (index * 8)));
    return bytes;
}

Bytes characters(std::string_view text) {
    Bytes bytes;
    for (const char character : text)
        bytes.push_back(static_cast<std::byte>(character));
    return bytes;
}

/// Four characters, filled up with underscores.
Bytes segment(std::string_view text) {
    Bytes bytes = characters(text.substr(0, 4));
    bytes.resize(4, static_cast<std::byte>('_'));
    return bytes;
}

/// PkgLength and what it counts. It counts itself too. Source: 20.2.4.
Bytes counted(const Bytes& content) {
    const std::size_t size = content.size();
    if (size + 1 < 0x40) return join({byte(static_cast<unsigned>(size + 1)), content});
    const unsigned more = size + 2 < 0x1000 ? 1 : size + 3 < 0x10'0000 ? 2 : 3;
    const std::size_t total = size + 1 + more;
    const auto lead = static_cast<unsigned>(more << 6 | (total & 0xf));
    return join({byte(lead), number(total >> 4, more), content});
}

Bytes opcode(unsigned code, std::initializer_list<Bytes> operands) {
    return join({byte(code), join(operands)});
}

}  // namespace

Bytes join(std::initializer_list<Bytes> parts) {
    Bytes whole;
    for (const auto& part : parts)
        whole.insert(whole.end(), part.begin(), part.end());
    return whole;
}

namespace aml {

Bytes name_string(std::string_view name) {
    Bytes bytes;
    while (!name.empty() && (name.front() == '\\' || name.front() == '^')) {
        bytes.push_back(static_cast<std::byte>(name.front()));
        name.remove_prefix(1);
    }
    if (name.empty()) return join({bytes, byte(zero_op)});
    const auto segments = split(name, '.');
    if (segments.size() == 2) bytes.push_back(static_cast<std::byte>(dual_name_prefix));
    if (segments.size() > 2)
        bytes =
            join({bytes, byte(multi_name_prefix), byte(static_cast<unsigned>(segments.size()))});
    for (const auto part : segments)
        bytes = join({bytes, segment(part)});
    return bytes;
}

Bytes integer(std::uint64_t value) {
    if (value == 0) return byte(zero_op);
    if (value == 1) return byte(one_op);
    if (value <= 0xff) return join({byte(byte_prefix), number(value, 1)});
    if (value <= 0xffff) return join({byte(word_prefix), number(value, 2)});
    if (value <= 0xffff'ffff) return join({byte(dword_prefix), number(value, 4)});
    return join({byte(qword_prefix), number(value, 8)});
}

Bytes string(std::string_view text) {
    return join({byte(string_prefix), characters(text), byte(0)});
}

Bytes buffer(std::span<const std::byte> content) {
    return opcode(
        buffer_op,
        {counted(join({integer(content.size()), Bytes(content.begin(), content.end())}))});
}

Bytes package(const std::vector<Bytes>& elements) {
    Bytes content = byte(static_cast<unsigned>(elements.size()));
    for (const auto& element : elements)
        content = join({content, element});
    return opcode(package_op, {counted(content)});
}

Bytes name(std::string_view name, const Bytes& value) {
    return opcode(name_op, {name_string(name), value});
}

Bytes scope(std::string_view name, const Bytes& terms) {
    return opcode(scope_op, {counted(join({name_string(name), terms}))});
}

Bytes device(std::string_view name, const Bytes& terms) {
    return join(
        {byte(extended_prefix), opcode(device_op, {counted(join({name_string(name), terms}))})});
}

Bytes method(std::string_view name, std::uint8_t arguments, const Bytes& terms) {
    return opcode(
        method_op,
        {counted(join({name_string(name), byte(arguments | unsigned{serialized}), terms}))});
}

Bytes eisa_id(std::string_view id) {
    // Three letters of five bits and four hex digits, big-endian. Source: 19.3.4, EISAID.
    std::uint32_t value = 0;
    for (const char letter : id.substr(0, 3))
        value = value << 5 | (static_cast<std::uint32_t>(letter - 0x40) & 0x1f);
    value = value << 16 | static_cast<std::uint32_t>(parse_hex(id.substr(3)).value_or(0));
    return join({byte(dword_prefix), byte(value >> 24), byte(value >> 16 & 0xff),
                 byte(value >> 8 & 0xff), byte(value & 0xff)});
}

Bytes uuid(std::string_view text) {
    // Where each byte of the buffer has its two digits in the text. Source: 19.6.142, ToUUID.
    constexpr std::array<unsigned, 16> places{6,  4,  2,  0,  11, 9,  16, 14,
                                              19, 21, 24, 26, 28, 30, 32, 34};
    Bytes bytes;
    for (const unsigned place : places)
        bytes.push_back(static_cast<std::byte>(parse_hex(text.substr(place, 2)).value_or(0)));
    return buffer(bytes);
}

Bytes arg(unsigned index) { return byte(arg_op + index); }
Bytes local(unsigned index) { return byte(local_op + index); }

Bytes create_dword_field(const Bytes& source, std::uint64_t offset, std::string_view name) {
    return opcode(create_dword_field_op, {source, integer(offset), name_string(name)});
}

Bytes store(const Bytes& value, const Bytes& target) { return opcode(store_op, {value, target}); }

Bytes bit_and(const Bytes& left, const Bytes& right, const Bytes& target) {
    return opcode(and_op, {left, right, target});
}

Bytes bit_or(const Bytes& left, const Bytes& right, const Bytes& target) {
    return opcode(or_op, {left, right, target});
}

Bytes equal(const Bytes& left, const Bytes& right) { return opcode(equal_op, {left, right}); }
Bytes less(const Bytes& left, const Bytes& right) { return opcode(less_op, {left, right}); }
Bytes logical_not(const Bytes& value) { return opcode(not_op, {value}); }

Bytes if_(const Bytes& condition, const Bytes& terms) {
    return opcode(if_op, {counted(join({condition, terms}))});
}

Bytes else_(const Bytes& terms) { return opcode(else_op, {counted(terms)}); }
Bytes notify(std::string_view object, std::uint64_t value) {
    return opcode(notify_op, {name_string(object), integer(value)});
}

Bytes return_(const Bytes& value) { return opcode(return_op, {value}); }

}  // namespace aml
}  // namespace tenon::vmm::acpi

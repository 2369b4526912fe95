#include "vmm/acpi/resources.hpp"

namespace tenon::vmm::acpi::resource {
namespace {

Bytes number(std::uint64_t value, unsigned size) {
    Bytes bytes;
    for (unsigned index = 0; index < size; ++index)
        bytes.push_back(static_cast<std::byte>(value >> (index * 8)));
    return bytes;
}

Bytes bytes(std::initializer_list<unsigned> values) {
    Bytes made;
    for (const unsigned value : values)
        made.push_back(static_cast<std::byte>(value));
    return made;
}

// General flags of an address space: producer, minimum and maximum fixed, positive decode.
constexpr unsigned producer_fixed = 0x0c;
constexpr unsigned writable = 0x01;

/// An address space descriptor. Source: ACPI Specification 6.5, 6.4.3.5.
Bytes address_space(unsigned tag, unsigned width, unsigned type, unsigned flags, std::uint64_t base,
                    std::uint64_t size) {
    const unsigned length = 3 + 5 * width;
    return join({bytes({tag}), number(length, 2), bytes({type, producer_fixed, flags}),
                 number(0, width),                // Granularity
                 number(base, width),             // Minimum
                 number(base + size - 1, width),  // Maximum
                 number(0, width),                // Translation
                 number(size, width)});
}

constexpr unsigned dword_space = 0x87;
constexpr unsigned word_space = 0x88;
constexpr unsigned qword_space = 0x8a;
constexpr unsigned memory_type = 0;
constexpr unsigned io_type = 1;
constexpr unsigned bus_type = 2;

unsigned memory_flags(Caching caching) { return static_cast<unsigned>(caching) << 1 | writable; }

}  // namespace

Bytes bus_numbers(std::uint8_t first, std::uint8_t last) {
    return address_space(word_space, 2, bus_type, 0, first, std::uint64_t{last} - first + 1);
}

Bytes memory_window32(std::uint64_t base, std::uint64_t size, Caching caching) {
    return address_space(dword_space, 4, memory_type, memory_flags(caching), base, size);
}

Bytes memory_window64(std::uint64_t base, std::uint64_t size, Caching caching) {
    return address_space(qword_space, 8, memory_type, memory_flags(caching), base, size);
}

Bytes io_window(std::uint64_t base, std::uint64_t size) {
    constexpr unsigned entire_range = 3;
    return address_space(dword_space, 4, io_type, entire_range, base, size);
}

Bytes fixed_memory32(std::uint64_t base, std::uint64_t size) {
    // Source: 6.4.3.4, 32-Bit Fixed Memory Range Descriptor.
    return join({bytes({0x86, 9, 0, writable}), number(base, 4), number(size, 4)});
}

Bytes fixed_io(std::uint16_t base, std::uint8_t count) {
    // Source: 6.4.2.5, I/O Port Descriptor: 16 bits decoded, minimum and maximum alike.
    return join({bytes({0x47, 1}), number(base, 2), number(base, 2), bytes({1, count})});
}

Bytes edge_interrupt(std::uint32_t number_of) {
    // Source: 6.4.3.6, Extended Interrupt Descriptor: consumer, edge, active high, exclusive.
    constexpr unsigned consumer_edge = 0x03;
    return join({bytes({0x89, 6, 0, consumer_edge, 1}), number(number_of, 4)});
}

Bytes make_template(const Bytes& descriptors) {
    // The end tag; a checksum of 0 counts as right. Source: 6.4.2.9.
    return aml::buffer(join({descriptors, bytes({0x79, 0})}));
}

}  // namespace tenon::vmm::acpi::resource

#include "tests/support/random_function.hpp"

#include <algorithm>
#include <array>

#include "pci/capability.hpp"
#include "pci/capability_table.hpp"
#include "pci/header.hpp"

namespace tenon::support {
namespace {

using pci::ConfigImage;
namespace header = pci::header;

void scribble(ByteSource& bytes, ConfigImage& image, std::size_t at, std::size_t size) {
    for (std::size_t n = 0; n < size; ++n)
        image.write<std::uint8_t>(at + n, bytes.next8());
}

void add_header(ByteSource& bytes, ConfigImage& image) {
    image.write<std::uint32_t>(header::vendor_id, bytes.next32());
    image.write<std::uint32_t>(header::revision_id, bytes.next32());
    scribble(bytes, image, header::bar0, 32);
    image.write<std::uint16_t>(header::status, 0x0010);
    // One in sixteen is a bridge or worse.
    if (bytes.below(16) == 0) image.write<std::uint8_t>(header::header_type, bytes.next8());
}

// Mostly after the one before, so that many devices are nearly sane.
std::size_t place(ByteSource& bytes, std::size_t after, std::size_t begin, std::size_t end) {
    const auto room = (end - begin) / 4;
    if (bytes.below(4) == 0) return begin + 4 * bytes.below(room);
    return std::clamp(after + 4 * (1 + bytes.below(16)), begin, end - 4);
}

void add_standard(ByteSource& bytes, ConfigImage& image) {
    std::size_t link = header::capabilities_pointer;
    std::size_t at = pci::first_capability - 4;
    for (auto left = bytes.below(14); left > 0; --left) {
        at = place(bytes, at, pci::first_capability, pci::conventional_size);
        image.write<std::uint8_t>(link, static_cast<std::uint8_t>(at));
        if (bytes.below(2) == 0) scribble(bytes, image, at + 2, 2 + bytes.below(24));
        // The first is mostly PCI Express, every second one of the others an id with behaviour of
        // its own.
        constexpr std::array<std::uint8_t, 8> busy{0x01, 0x05, 0x09, 0x10, 0x11, 0x13, 0x10, 0x03};
        const bool first = link == header::capabilities_pointer && bytes.below(4) != 0;
        auto id = bytes.below(2) == 0 ? busy[bytes.below(busy.size())] : bytes.next8();
        if (first) id = pci::capability_id::pci_express;
        // An endpoint, more often than chance would have it.
        if (first && bytes.below(4) != 0)
            image.write<std::uint8_t>(at + 2, bytes.below(4) == 0 ? 0x92 : 0x02);
        image.write<std::uint8_t>(at, id);
        image.write<std::uint8_t>(at + 1, 0);
        link = at + 1;
    }
    // A loop, a pointer into the header, or no end at all.
    if (bytes.below(8) == 0) image.write<std::uint8_t>(link, bytes.next8());
}

void add_extended(ByteSource& bytes, ConfigImage& image) {
    std::size_t at = pci::first_extended;
    for (auto left = bytes.below(24); left > 0; --left) {
        if (bytes.below(2) == 0) scribble(bytes, image, at + 4, 4 + bytes.below(28));
        const auto id = bytes.below(8) == 0 ? bytes.next16() : bytes.below(0x3b);
        const auto next = left == 1 ? 0 : place(bytes, at, pci::first_extended, pci::express_size);
        image.write<std::uint32_t>(at, static_cast<std::uint32_t>(id) |
                                           std::uint32_t{bytes.next8()} % 16 << 16 |
                                           static_cast<std::uint32_t>(next) << 20);
        at = next;
    }
}

ConfigImage random_image(ByteSource& bytes) {
    constexpr std::array<std::size_t, 8> sizes{4096, 4096, 4096, 4096, 4096, 4096, 256, 64};
    ConfigImage image{sizes[bytes.below(sizes.size())]};
    if (bytes.below(32) == 0) scribble(bytes, image, pci::header_size, 256);
    add_header(bytes, image);
    add_standard(bytes, image);
    add_extended(bytes, image);
    for (auto left = bytes.below(8); left > 0; --left)
        scribble(bytes, image, bytes.below(pci::express_size), bytes.below(16));
    // What was not read counts as zero.
    std::ranges::fill(image.bytes().subspan(image.known()), std::byte{0});
    return image;
}

// Mostly a power of two, as VFIO has it.
std::uint64_t random_size(ByteSource& bytes) {
    const auto size = std::uint64_t{1} << bytes.below(48);
    return bytes.below(16) == 0 ? size + bytes.next16() : size;
}

// What the kernel shows: the hardware's bytes with some links cut, or bytes of another device.
ConfigImage random_vfio_view(ByteSource& bytes, const ConfigImage& physical) {
    if (bytes.below(4) == 0) return random_image(bytes);
    auto view = physical;
    for (const auto& capability : pci::list_capabilities(physical).standard)
        if (bytes.below(8) == 0) view.write<std::uint8_t>(capability.at + 1u, 0);
    return view;
}

}  // namespace

std::uint8_t ByteSource::next8() {
    if (bytes_.empty()) return 0;
    const auto value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
}

std::uint16_t ByteSource::next16() {
    const auto low = next8();
    return static_cast<std::uint16_t>(low | next8() << 8);
}

std::uint32_t ByteSource::next32() {
    const std::uint32_t low = next16();
    return low | std::uint32_t{next16()} << 16;
}

void put_on_buses(ByteSource& bytes, std::span<device::DeviceFacts> functions) {
    for (std::size_t n = 0; n < functions.size(); ++n) {
        auto& facts = functions[n];
        facts.address = pci::Address{.bus = static_cast<std::uint8_t>(1 + bytes.below(2)),
                                     .device = static_cast<std::uint8_t>(n)};
        facts.reset_methods = std::vector<std::string>{};
        if (const auto kind = bytes.below(4); kind == 0)
            facts.reset_methods = std::vector<std::string>{"flr"};
        else if (kind == 1)
            facts.reset_methods = Unknown{"chance"};
    }
    for (auto& facts : functions) {
        std::vector<device::GroupMember> neighbours;
        for (const auto& other : functions)
            if (&other != &facts && other.address->bus == facts.address->bus)
                neighbours.push_back({.address = *other.address});
        constexpr std::uint8_t strange = 31;
        if (bytes.below(8) == 0)
            neighbours.push_back({.address = {.bus = facts.address->bus, .device = strange}});
        facts.bus_neighbours = std::move(neighbours);
        if (bytes.below(8) == 0) facts.bus_neighbours = Unknown{"chance"};
    }
}

device::DeviceFacts random_facts(ByteSource& bytes) {
    device::DeviceFacts facts;
    facts.source = "random";
    // First of all, so that a source that runs dry still gives a device.
    const auto shape = bytes.next8();
    const auto physical = random_image(bytes);
    if ((shape & 7) != 7) facts.physical = physical;
    if ((shape & 0x18) == 0x18 || !facts.physical) {
        device::VfioFacts vfio{.config = random_vfio_view(bytes, physical)};
        for (auto& region : vfio.regions) {
            if (bytes.below(2) == 0) continue;
            region = {.size = random_size(bytes), .readable = true, .mappable = true};
        }
        facts.vfio = vfio;
    } else if ((shape & 0x20) == 0) {
        std::array<device::ResourceFacts, device::bar_count + 1> resources{};
        for (auto& resource : resources)
            if (bytes.below(2) == 0)
                resource = {.size = random_size(bytes), .flags = bytes.next32()};
        facts.resources = resources;
    }
    if ((shape & 0xc0) == 0)
        facts.identity = device::Identity{.vendor = bytes.next16(), .device = bytes.next16()};
    put_on_buses(bytes, std::span{&facts, 1});
    return facts;
}

}  // namespace tenon::support

#include "capture/secret_registers.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "pci/capability.hpp"
#include "pci/header.hpp"

namespace tenon::capture {
namespace {

// Vendors whose own capabilities are in a public specification, and hold nothing of one device.
constexpr std::uint16_t virtio = 0x1af4;
constexpr std::uint16_t cxl = 0x1e98;

// Part of a capability.
struct Secret {
    std::size_t at = 0;
    std::size_t size = 0;
    bool copied = false;  // The device may have the number elsewhere as well.
};
using Secrets = std::vector<Secret>;
using Bytes = std::vector<std::byte>;

// What of the capability comes `past` bytes after its header, as far as the capability goes.
void add(Secrets& secrets, const pci::Capability& capability, std::size_t past,
         bool copied = false) {
    if (capability.size <= past) return;
    secrets.push_back(
        {.at = capability.at + past, .size = capability.size - past, .copied = copied});
}

void find_standard(const pci::ConfigImage& image, const pci::Capability& capability,
                   Secrets& secrets) {
    constexpr std::uint16_t vital_product_data = 0x03;
    constexpr std::uint16_t vendor_specific = 0x09;
    if (capability.id == vital_product_data) add(secrets, capability, 2);
    if (capability.id == vendor_specific && image.read16(pci::header::vendor_id) != virtio)
        add(secrets, capability, 3);
}

void find_extended(const pci::ConfigImage& image, const pci::Capability& capability,
                   Secrets& secrets) {
    constexpr std::uint16_t serial_number = 0x03;
    constexpr std::uint16_t vendor_specific = 0x0b;
    constexpr std::uint16_t designated_vendor_specific = 0x23;
    constexpr std::uint16_t hierarchy_id = 0x28;
    switch (capability.id) {
        case serial_number:
            return add(secrets, capability, 4, true);
        case hierarchy_id:
            // Past its status: number and GUID of the machine that the device is in.
            return add(secrets, capability, 8, true);
        case vendor_specific:
            return add(secrets, capability, 8);
        case designated_vendor_specific:
            if (image.read16(capability.at + 4u) != cxl) add(secrets, capability, 10);
            return;
        default:
            return;
    }
}

Secrets find_secrets(const pci::ConfigImage& image) {
    const auto capabilities = pci::list_capabilities(image);
    Secrets secrets;
    for (const auto& capability : capabilities.standard)
        find_standard(image, capability, secrets);
    for (const auto& capability : capabilities.extended)
        find_extended(image, capability, secrets);
    return secrets;
}

// All zeros, or all ones: nobody's number.
bool says_nothing(const Bytes& number) {
    return std::ranges::adjacent_find(number, std::ranges::not_equal_to{}) == number.end();
}

void keep(std::vector<Bytes>& numbers, Bytes number) {
    if (number.empty() || says_nothing(number)) return;
    numbers.push_back(number);
    std::ranges::reverse(number);
    numbers.push_back(std::move(number));
}

// The numbers that may have copies. A serial number is often a MAC address with two bytes ff, or
// ff fe, in its middle: copies may be the address or either form, whichever the number itself is.
// Source: IEEE, Guidelines for Use of EUI-64.
void keep_numbers(const pci::ConfigImage& image, const Secrets& secrets,
                  std::vector<Bytes>& numbers) {
    for (const auto& secret : secrets) {
        if (!secret.copied) continue;
        const auto bytes = image.bytes().subspan(secret.at, secret.size);
        keep(numbers, {bytes.begin(), bytes.end()});
        if (bytes.size() != 8 || bytes[3] < std::byte{0xfe} || bytes[4] != std::byte{0xff})
            continue;
        Bytes mac{bytes.begin(), bytes.begin() + 3};
        mac.insert(mac.end(), bytes.begin() + 5, bytes.end());
        keep(numbers, std::move(mac));
        Bytes other{bytes.begin(), bytes.end()};
        other[3] = bytes[3] == std::byte{0xff} ? std::byte{0xfe} : std::byte{0xff};
        keep(numbers, std::move(other));
    }
}

void blank(pci::ConfigImage& image, const Secrets& secrets) {
    for (const auto& secret : secrets)
        std::ranges::fill(image.bytes().subspan(secret.at, secret.size), std::byte{0});
}

// Bytes that nobody owns are free for a PASID capability where they are zero: of a copy there, ones
// stay that are none.
void blank_copies(pci::ConfigImage& image, const std::vector<Bytes>& numbers) {
    for (const auto& number : numbers) {
        auto rest = image.bytes().subspan(pci::header_size);
        for (auto found = std::ranges::search(rest, number); !found.empty();
             found = std::ranges::search(rest, number)) {
            std::ranges::replace_if(
                found, [](std::byte byte) { return byte != std::byte{0}; }, std::byte{0xff});
            rest = {found.end(), rest.end()};
        }
    }
}

// Images of one function: they may list different capabilities, and the registers are the same.
using Views = std::vector<pci::ConfigImage*>;

std::vector<Views> views_of(device::DeviceFacts& facts) {
    std::vector<Views> all(1);
    if (facts.physical) all.front().push_back(&*facts.physical);
    if (facts.vfio) all.front().push_back(&facts.vfio->config);
    if (facts.physical_function && facts.physical_function->config)
        all.push_back({&*facts.physical_function->config});
    if (!facts.path) return all;
    for (auto& bridge : *facts.path)
        if (bridge.config) all.push_back({&*bridge.config});
    return all;
}

}  // namespace

void blank_secret_registers(device::DeviceFacts& facts) {
    const auto functions = views_of(facts);
    std::vector<Bytes> numbers;
    for (const auto& views : functions) {
        Secrets secrets;
        for (const auto* const image : views) {
            const auto found = find_secrets(*image);
            keep_numbers(*image, found, numbers);
            secrets.insert(secrets.end(), found.begin(), found.end());
        }
        for (auto* const image : views)
            blank(*image, secrets);
    }
    for (const auto& views : functions)
        for (auto* const image : views)
            blank_copies(*image, numbers);
}

}  // namespace tenon::capture

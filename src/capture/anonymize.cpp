#include "capture/anonymize.hpp"

#include <vector>

#include "pci/capability.hpp"

namespace tenon::capture {
namespace {

constexpr std::uint16_t device_serial_number = 0x03;

std::vector<std::size_t> serial_numbers(const pci::ConfigImage& image) {
    std::vector<std::size_t> places;
    for (const auto& capability : pci::list_capabilities(image).extended)
        if (capability.id == device_serial_number) places.push_back(capability.at + 4u);
    return places;
}

void blank(pci::ConfigImage& image, const std::vector<std::size_t>& places) {
    for (const auto at : places) {
        image.write<std::uint32_t>(at, 0);
        image.write<std::uint32_t>(at + 4, 0);
    }
}

}  // namespace

void blank_serial_numbers(device::DeviceFacts& facts) {
    // The two views may list different capabilities; the registers are the same.
    std::vector<std::size_t> places;
    if (facts.physical) places = serial_numbers(*facts.physical);
    if (facts.vfio)
        for (const auto at : serial_numbers(facts.vfio->config))
            places.push_back(at);
    if (facts.physical) blank(*facts.physical, places);
    if (facts.vfio) blank(facts.vfio->config, places);
    if (facts.physical_function && facts.physical_function->config) {
        auto& config = *facts.physical_function->config;
        blank(config, serial_numbers(config));
    }
    if (!facts.path) return;
    for (auto& bridge : *facts.path)
        if (bridge.config) blank(*bridge.config, serial_numbers(*bridge.config));
}

}  // namespace tenon::capture

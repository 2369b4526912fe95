#include "model/slot/port_plan.hpp"

#include "pci/header.hpp"

namespace tenon::model::slot {

pci::ConfigImage FunctionPlan::start() const {
    auto image = view.map.start;
    for (const auto& bar : view.bars) {
        const auto address = bar_address[bar.index];
        if (address == 0) continue;
        const auto at = bar.index == device::rom_region
                            ? pci::header::rom_address
                            : pci::header::bar0 + std::size_t{4} * bar.index;
        image.write<std::uint32_t>(at, image.read32(at) | static_cast<std::uint32_t>(address));
        if (bar.kind == pci::BarKind::Memory64)
            image.write<std::uint32_t>(at + 4, static_cast<std::uint32_t>(address >> 32));
    }
    return image;
}

}  // namespace tenon::model::slot

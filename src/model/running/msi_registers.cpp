#include "model/running/msi_registers.hpp"

#include <algorithm>

#include "pci/msi.hpp"

namespace tenon::model::running {

std::size_t msi_data_at(const function::MsiPlan& plan) {
    return plan.at + pci::msi::data(plan.wide);
}
std::size_t msi_mask_at(const function::MsiPlan& plan) {
    return plan.at + pci::msi::mask(plan.wide);
}
std::size_t msi_pending_at(const function::MsiPlan& plan) {
    return plan.at + pci::msi::pending(plan.wide);
}

void read_msi_vectors(const function::MsiPlan& plan, const pci::ConfigImage& config,
                      std::vector<VectorEntry>& vectors) {
    const std::size_t at = plan.at;
    const pci::MsiControl control{config.read16(at + pci::msi::control)};
    const std::size_t granted = pci::msi::vectors(control.get<pci::MultipleMessageEnable>());
    const std::uint64_t upper = plan.wide ? config.read32(at + pci::msi::upper_address) : 0;
    const std::uint32_t data = config.read16(msi_data_at(plan));
    const std::uint32_t mask = plan.maskable ? config.read32(msi_mask_at(plan)) : 0;
    vectors.resize(std::min<std::size_t>(granted, plan.vectors));
    const auto low_bits = static_cast<std::uint32_t>(vectors.size() - 1);
    for (std::uint32_t n = 0; n < vectors.size(); ++n)
        vectors[n] = {.message = {.address = upper << 32 | config.read32(at + pci::msi::address),
                                  .data = (data & ~low_bits) | n},
                      .masked = (mask >> n & 1) != 0};
}

}  // namespace tenon::model::running

#include "model/running/msi_registers.hpp"

#include <algorithm>

namespace tenon::model::running {

std::size_t msi_data_at(const function::MsiPlan& plan) { return plan.at + (plan.wide ? 12u : 8u); }
std::size_t msi_mask_at(const function::MsiPlan& plan) { return msi_data_at(plan) + 4; }
std::size_t msi_pending_at(const function::MsiPlan& plan) { return msi_data_at(plan) + 8; }

std::size_t msi_size(const function::MsiPlan& plan) {
    return msi_data_at(plan) - plan.at + (plan.maskable ? 12u : 2u);
}

void read_msi_vectors(const function::MsiPlan& plan, const pci::ConfigImage& config,
                      std::vector<VectorEntry>& vectors) {
    const std::size_t at = plan.at;
    const auto granted = std::size_t{1} << std::min(config.read16(at + 2) >> 4 & 7, 5);
    const std::uint64_t upper = plan.wide ? config.read32(at + 8) : 0;
    const std::uint32_t data = config.read16(msi_data_at(plan));
    const std::uint32_t mask = plan.maskable ? config.read32(msi_mask_at(plan)) : 0;
    vectors.resize(std::min<std::size_t>(granted, plan.vectors));
    const auto low_bits = static_cast<std::uint32_t>(vectors.size() - 1);
    for (std::uint32_t n = 0; n < vectors.size(); ++n)
        vectors[n] = {.message = {.address = upper << 32 | config.read32(at + 4),
                                  .data = (data & ~low_bits) | n},
                      .masked = (mask >> n & 1) != 0};
}

}  // namespace tenon::model::running

// What the host is to a function and to the guest's memory, in words.
#pragma once

#include <string>
#include <vector>

#include "cli/text/terminal.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// Driver, IOMMU group, what its IOMMU translates, resets, NUMA node, and the link beside that of
/// the port. Empty for a file, which tells nothing of its host.
std::string render_host(const model::slot::FunctionPlan& function,
                        const model::slot::PortPlan& port, const TextStyle& style);

/// What the guest's memory needs of the kernel, and what it may have. Empty if that is not known.
std::string render_dma(const std::vector<model::machine::DmaBudget>& budgets,
                       const TextStyle& style);

}  // namespace tenon::cli::text

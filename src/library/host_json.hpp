// What is known of the host, as parts of the JSON of a plan. See docs/plan-json.md.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "device/facts.hpp"
#include "model/machine/dma_budget.hpp"

namespace tenon::library {

/// What is known of the host beside its devices, found or stated. Null: not known.
nlohmann::ordered_json host_facts(const device::DeviceFacts& facts);

/// What the guest's memory needs of each interface in use. Empty: not known.
nlohmann::ordered_json dma_budgets(const std::vector<model::machine::DmaBudget>& budgets);

}  // namespace tenon::library

#include "library/host_json.hpp"

#include "device/atomic_widths.hpp"
#include "library/words.hpp"

namespace tenon::library {
namespace {

using Json = nlohmann::ordered_json;

Json atomics(const Known<std::uint32_t>& widths) {
    return widths ? Json(device::list_widths(*widths)) : Json(nullptr);
}

Json link(const Known<device::LinkFacts>& link) {
    if (!link) return nullptr;
    return {{"speed", link->speed},
            {"width", link->width},
            {"max_speed", link->max_speed},
            {"max_width", link->max_width}};
}

Json iova(const Known<std::vector<device::IovaRange>>& ranges) {
    if (!ranges) return nullptr;
    auto list = Json::array();
    for (const auto& range : *ranges)
        list.push_back({{"first", hex(range.first)}, {"last", hex(range.last)}});
    return list;
}

}  // namespace

Json host_facts(const device::DeviceFacts& facts) {
    const auto& iommu = facts.iommu;
    const auto& pasid = iommu.pasid;
    return {{"atomic_completer", atomics(facts.atomics)},
            {"ats", iommu.ats ? Json(*iommu.ats) : Json(nullptr)},
            {"pasid", pasid ? Json{{"width", pasid->width},
                                   {"execute", pasid->execute},
                                   {"privileged", pasid->privileged}}
                            : Json(nullptr)},
            {"iova", iova(iommu.iova)},
            {"page_sizes", iommu.page_sizes ? Json(hex(*iommu.page_sizes)) : Json(nullptr)},
            {"reset_methods", facts.reset_methods ? Json(*facts.reset_methods) : Json(nullptr)},
            {"numa_node", facts.numa_node ? Json(*facts.numa_node) : Json(nullptr)},
            {"link", link(facts.link)}};
}

Json dma_budgets(const std::vector<model::machine::DmaBudget>& budgets) {
    auto list = Json::array();
    for (const auto& budget : budgets) {
        const bool group = budget.interface == device::Interface::Group;
        list.push_back({{"interface", group ? "group" : "iommufd"},
                        {"counted", group ? "process" : "user"},
                        {"lock_needed", budget.needed},
                        {"lock_allowed", budget.allowed ? Json(*budget.allowed) : Json(nullptr)},
                        {"lock_limit_applies", budget.applies},
                        {"mappings_needed", budget.mappings_needed},
                        {"mappings_allowed",
                         budget.mappings_allowed ? Json(*budget.mappings_allowed) : Json(nullptr)},
                        {"sufficient", budget.sufficient()}});
    }
    return list;
}

}  // namespace tenon::library

#include "tenon/host.hpp"

#include "library/api/inside.hpp"
#include "library/function_list.hpp"
#include "library/gather.hpp"

namespace tenon {

Result<std::vector<HostFunction>> list_host_functions() {
    return library::without_exceptions([]() -> Result<std::vector<HostFunction>> {
        TENON_TRY(list, library::list_functions(library::this_host()), "");
        std::vector<HostFunction> functions;
        functions.reserve(list.functions.size());
        for (auto& one : list.functions)
            functions.push_back({.address = to_string(one.address),
                                 .name = std::move(one.name),
                                 .vendor = one.vendor,
                                 .device = one.device,
                                 .class_code = one.class_code,
                                 .driver = std::move(one.driver),
                                 .iommu_group = one.group,
                                 .bridge = one.bridge,
                                 .assignable = one.assignable,
                                 .reasons = library::reasons_of(one.reasons),
                                 .unknowns = std::move(one.unknowns)});
        return functions;
    });
}

}  // namespace tenon

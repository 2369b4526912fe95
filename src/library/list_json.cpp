#include "library/list_json.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "library/words.hpp"

namespace tenon::library {
namespace {

using Json = nlohmann::ordered_json;

Json json_of_listed(const ListedFunction& function) {
    auto reasons = Json::array();
    for (const auto& reason : function.reasons)
        reasons.push_back(sentence(reason));
    return {{"address", to_string(function.address)},
            {"name", function.name},
            {"vendor", function.ids_known ? Json(hex(function.vendor, 4)) : Json(nullptr)},
            {"device", function.ids_known ? Json(hex(function.device, 4)) : Json(nullptr)},
            {"class", function.class_known ? Json(hex(function.class_code, 6)) : Json(nullptr)},
            {"driver", function.driver ? Json(*function.driver) : Json(nullptr)},
            {"iommu_group", function.group ? Json(*function.group) : Json(nullptr)},
            {"bridge", function.bridge},
            {"assignable", function.assignable},
            {"reasons", std::move(reasons)},
            {"unknowns", function.unknowns}};
}

}  // namespace

std::string list_to_json(const FunctionList& list) {
    auto functions = Json::array();
    for (const auto& function : list.functions)
        functions.push_back(json_of_listed(function));
    auto groups = Json::array();
    for (const auto& [number, members] : list.moved_together()) {
        auto names = Json::array();
        for (const auto& member : members)
            names.push_back(to_string(member));
        groups.push_back({{"iommu_group", number}, {"functions", std::move(names)}});
    }
    auto problems = Json::array();
    for (const auto& problem : list.problems)
        problems.push_back(sentence(problem));
    const Json object = {{"format", 1},
                         {"functions", std::move(functions)},
                         {"moved_together", std::move(groups)},
                         {"problems", std::move(problems)}};
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tenon::library

// Plans for C.
#include "library/api/c_plan.hpp"

#include <fmt/core.h>

#include <memory>

#include "library/api/c_guard.hpp"
#include "library/api/c_words.hpp"

namespace tenon::library::c {
namespace {

// What an option with a text does: gives it to a member, or adds it to one.
template <auto Member>
Result<void> set_text(PlanRequest& request, std::string_view value) {
    // Empty means that nothing was said.
    if (value.empty()) return malformed("an option has an empty value");
    request.*Member = value;
    return {};
}

template <auto Member>
Result<void> add_text(PlanRequest& request, std::string_view value) {
    (request.*Member).emplace_back(value);
    return {};
}

Result<void> forbid_opening(PlanRequest& request, std::string_view /*none*/) {
    request.opening = tenon::Opening::Forbidden;
    return {};
}

Result<void> take_names_away(PlanRequest& request, std::string_view /*none*/) {
    request.anonymize = true;
    return {};
}

// An option by which a process is a device, by its place among words::backend_options().
constexpr std::array<std::string_view, 4> process_options{"--disk", "--net", "--share",
                                                          "--vhost-user"};

template <std::size_t Number>
Result<void> add_process(PlanRequest& request, std::string_view value) {
    constexpr auto name = process_options[Number].substr(std::string_view{"--"}.size());
    request.processes.push_back(fmt::format("{}={}", name, value));
    return {};
}

template <std::size_t Number>
constexpr WordOption<PlanRequest> process_option{.name = process_options[Number],
                                                 .take = add_process<Number>};

constexpr std::array<WordOption<PlanRequest>, 16> plan_options{{
    {.name = "--device", .take = add_text<&PlanRequest::devices>},
    {.name = "--port", .take = add_text<&PlanRequest::ports>},
    {.name = "--machine", .take = set_text<&PlanRequest::machine>},
    {.name = "--viommu", .take = set_text<&PlanRequest::viommu>},
    {.name = "--memory", .take = set_text<&PlanRequest::memory>},
    {.name = "--cpus", .take = set_text<&PlanRequest::cpus>},
    {.name = "--vcpus", .take = set_text<&PlanRequest::cpus>},
    {.name = "--target", .take = set_text<&PlanRequest::target>},
    {.name = "--iommufd", .take = set_text<&PlanRequest::iommufd>},
    {.name = "--kvm", .take = set_text<&PlanRequest::kvm>},
    process_option<0>,
    process_option<1>,
    process_option<2>,
    process_option<3>,
    {.name = "--no-open", .valued = false, .take = forbid_opening},
    {.name = "--anonymize", .valued = false, .take = take_names_away},
}};

// A name as C hands it over.
Result<std::string_view> name_of(const char* name) {
    if (name == nullptr) return malformed("a name is a null pointer");
    return std::string_view{name};
}

}  // namespace
}  // namespace tenon::library::c

extern "C" {

using namespace tenon;
using namespace tenon::library::c;

tenon_plan* tenon_plan_make(const char* const* words, size_t count, tenon_error** error) {
    return guarded(error, [&]() -> Result<tenon_plan*> {
        TENON_TRY(copies, copy_words(words, count), "");
        PlanRequest request{.devices = {}};
        TENON_TRY_DO(take_words(std::span<const std::string>{copies}, plan_options, request,
                                add_text<&PlanRequest::devices>),
                     "");
        if (request.devices.empty() && request.ports.empty() && request.processes.empty())
            return malformed("no device and no port to plan");
        TENON_TRY(made, Plan::make(request), "");
        return std::make_unique<tenon_plan>(std::move(made)).release();
    });
}

int tenon_plan_assignable(const tenon_plan* plan) { return plan->plan.assignable() ? 1 : 0; }

char* tenon_plan_json(const tenon_plan* plan, tenon_error** error) {
    return guarded(error, [&]() -> Result<char*> { return copy_text(plan->plan.json()); });
}

void tenon_plan_free(tenon_plan* plan) { delete plan; }

tenon_space* tenon_plan_function_space(const tenon_plan* plan, const char* id,
                                       tenon_error** error) {
    return guarded(error, [&]() -> Result<tenon_space*> {
        TENON_TRY(name, name_of(id), "");
        TENON_TRY(space, plan->plan.config_space(name), "");
        return std::make_unique<tenon_space>(std::move(space)).release();
    });
}

tenon_space* tenon_plan_port_space(const tenon_plan* plan, const char* name, tenon_error** error) {
    return guarded(error, [&]() -> Result<tenon_space*> {
        TENON_TRY(known, name_of(name), "");
        TENON_TRY(space, plan->plan.port_config_space(known), "");
        return std::make_unique<tenon_space>(std::move(space)).release();
    });
}

tenon_space* tenon_plan_bridge_space(const tenon_plan* plan, tenon_error** error) {
    return guarded(error, [&]() -> Result<tenon_space*> {
        return std::make_unique<tenon_space>(plan->plan.host_bridge_config_space()).release();
    });
}

void tenon_space_free(tenon_space* space) { delete space; }

}  // extern "C"

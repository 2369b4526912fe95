#include "model/function/pasid.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "pci/capability.hpp"
#include "pci/pasid.hpp"

namespace tenon::model::function {
namespace {

std::string words_of(const Known<device::PasidFacts>& host) {
    if (!host) return "unknown: " + host.why();
    if (host->width == 0) return "none";
    return fmt::format("{} bits{}{}", host->width, host->execute ? ", execute" : "",
                       host->privileged ? ", privileged" : "");
}

// What stands in the way of a capability of ours.
struct Obstacle {
    std::string what;
    std::string remedy;
    bool unknown = false;  // Nothing is known to stand in the way, but something may.
};

std::optional<Obstacle> obstacle_of(const chosen::FunctionProperties& properties,
                                    const PasidFacts& facts) {
    if (!facts.extended_list)
        return Obstacle{"the guest sees no extended capabilities of this function", ""};
    if (properties.viommu_pasid_width == 0)
        return Obstacle{"the guest has no IOMMU that takes PASIDs", "--viommu pasid"};
    if (properties.interface == device::Interface::Group)
        return Obstacle{"VFIO's group interface attaches no PASID", "iommu=iommufd"};
    if (!facts.host)
        return Obstacle{"what the host's IOMMU does is not known: " + facts.host.why(),
                        facts.opened ? "iommu=iommufd, and Linux 6.15 or newer on the host"
                                     : "host-pasid= states it for a file",
                        !facts.opened};
    if (facts.host->width == 0)
        return Obstacle{"the host's IOMMU takes no PASIDs of this function",
                        "a function and an IOMMU that can, in scalable mode"};
    if (!facts.space)
        return Obstacle{
            "where it could go is not known: the extended configuration space was not "
            "read",
            "", true};
    return std::nullopt;
}

class Decider {
public:
    Decider(const chosen::FunctionProperties& properties, const PasidFacts& facts)
        : properties_{properties}, facts_{facts} {}

    PasidOutcome run() {
        report_ = {.name = "pasid",
                   .value = std::string{name_of(properties_.pasid.value)},
                   .origin = properties_.pasid.origin,
                   .version = std::string{properties_.version},
                   .host = words_of(facts_.host)};
        if (properties_.pasid.value == chosen::PasidMode::Off)
            off();
        else if (facts_.shown_by_kernel)
            keep();
        else
            synthesize();
        outcome_.reports.insert(outcome_.reports.begin(), std::move(report_));
        return std::move(outcome_);
    }

private:
    void off() {
        report_.effect = "not shown";
        report_.change = "pasid=auto or pasid=on";
    }

    void keep() {
        outcome_.keep = true;
        report_.effect = "the device's own, as the host's kernel shows it";
        report_.change = "pasid=off hides it";
        if (properties_.viommu_pasid_width == 0)
            outcome_.warnings.emplace_back(
                "PASID is shown, as the host's kernel shows it, but the guest has no IOMMU that "
                "takes PASIDs (--viommu pasid)");
    }

    void synthesize() {
        const auto obstacle = obstacle_of(properties_, facts_);
        std::optional<PasidPlace> place;
        if (facts_.space && facts_.extended_list) {
            place = place_pasid(*facts_.space, properties_.pasid_offset, properties_.pasid_overlay);
            // A place that the user named and that is none is a mistake at once.
            const bool users = properties_.pasid_offset.value &&
                               properties_.pasid_offset.origin == chosen::PropertyOrigin::User;
            if (place->refusal && users) {
                outcome_.refusals.push_back(*place->refusal);
                report_.effect = "the function cannot be assigned so: " + place->refusal->what;
                report_.change = place->refusal->remedy;
                return;
            }
        }
        if (obstacle) return go_without(*obstacle);
        if (place->refusal) return go_without({place->refusal->what, place->refusal->remedy}, true);
        show(*place);
    }

    void go_without(const Obstacle& obstacle, bool warn = false) {
        report_.effect = "not shown: " + obstacle.what;
        report_.change = obstacle.remedy;
        const bool asked = properties_.pasid.value == chosen::PasidMode::On;
        if (asked && obstacle.unknown)
            outcome_.unknowns.push_back("PASID, which is asked for: " + obstacle.what);
        else if (asked && properties_.pasid.origin == chosen::PropertyOrigin::User)
            outcome_.refusals.push_back(
                {.what = "PASID is asked for, but " + obstacle.what, .remedy = obstacle.remedy});
        else if (asked || warn)
            outcome_.warnings.push_back("PASID is not shown: " + obstacle.what);
    }

    void show(const PasidPlace& place) {
        const auto& host = *facts_.host;
        outcome_.plan = {
            .at = *place.at,
            .width = std::min({host.width, properties_.viommu_pasid_width, pci::pasid::most_width}),
            .execute = host.execute,
            .privileged = host.privileged,
            .why = place.why};
        if (place.warning) outcome_.warnings.push_back(*place.warning);
        report_.effect = fmt::format(
            "shown at {:#05x}, {} bits: the smaller of the host's {} and the guest's {}", *place.at,
            outcome_.plan->width, host.width, properties_.viommu_pasid_width);
        report_.change = "pasid=off hides it";
        const auto& wanted = properties_.pasid_offset;
        outcome_.reports.push_back(
            {.name = "pasid-offset",
             .value = wanted.value ? fmt::format("{:#x}", *wanted.value) : "auto",
             .origin = wanted.origin,
             .version = std::string{properties_.version},
             .effect = fmt::format("{:#05x}, {}", *place.at, place.why),
             .change = wanted.value == place.at
                           ? "pasid-offset=auto lets Tenon choose"
                           : fmt::format("pasid-offset={:#x} pins it", *place.at)});
    }

    const chosen::FunctionProperties& properties_;
    const PasidFacts& facts_;
    chosen::PropertyReport report_;
    PasidOutcome outcome_;
};

}  // namespace

PasidOutcome decide_pasid(const chosen::FunctionProperties& properties, const PasidFacts& facts) {
    return Decider{properties, facts}.run();
}

void emulate_pasid(RegisterMap& map, const PasidPlan& plan) {
    const auto capability = pci::PasidCapability{0}
                                .with<pci::PasidExecuteSupported>(plan.execute ? 1 : 0)
                                .with<pci::PasidPrivilegedSupported>(plan.privileged ? 1 : 0)
                                .with<pci::MaxPasidWidth>(static_cast<std::uint16_t>(plan.width));
    const auto writable = pci::PasidControl{0}
                              .with<pci::PasidEnable>(1)
                              .with<pci::PasidExecuteEnable>(plan.execute ? 1 : 0)
                              .with<pci::PasidPrivilegedEnable>(plan.privileged ? 1 : 0);
    // Version 1. Source: 7.8.9.1.
    map.emulate<std::uint32_t>(plan.at, pci::extended_header(pci::extended_id::pasid, 1));
    map.emulate<std::uint16_t>(plan.at + pci::pasid::capability, capability.raw());
    map.emulate<std::uint16_t>(plan.at + pci::pasid::control, 0, writable.raw());
}

}  // namespace tenon::model::function

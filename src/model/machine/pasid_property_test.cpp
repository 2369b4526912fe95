// Over random devices: a PASID capability never covers or moves anything, and the list still ends.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <set>

#include "model/machine/machine_plan.hpp"
#include "tests/support/random_function.hpp"

namespace tenon::model::machine {
namespace {

using support::ByteSource;
using Bytes = std::vector<std::uint8_t>;
using Place = std::pair<std::uint16_t, std::uint16_t>;

// Hundreds of devices; RC_PARAMS set by hand wins. Read by rapidcheck before its first check.
const int asked = ::setenv("RC_PARAMS", "max_success=300", 0);  // NOLINT(concurrency-mt-unsafe)

rc::Gen<Bytes> device_bytes() {
    const auto sized =
        rc::gen::mapcat(rc::gen::inRange<std::size_t>(64, 1200), [](std::size_t size) {
            return rc::gen::container<Bytes>(size, rc::gen::arbitrary<std::uint8_t>());
        });
    return rc::gen::resize(rc::kNominalSize, sized);
}

slot::FunctionPlan plan_of(const Bytes& device, unsigned viommu) {
    ByteSource source{device};
    MachineRequest request{.viommu_pasid_width = viommu};
    request.devices.push_back({.facts = support::random_facts(source)});
    request.devices.front().facts.iommu.pasid = device::PasidFacts{.width = 20, .execute = true};
    return make_plan(std::move(request)).value().ports.front()->functions.front();
}

// Places and ids of what the guest sees, without PASID and without a header that only keeps the
// pointer at 0x100.
std::set<Place> others(const slot::FunctionPlan& plan) {
    std::set<Place> places;
    for (const auto& one : plan.view.capabilities)
        if (one.guest_offset && one.action != chosen::Action::Synthesize && one.host_offset)
            places.emplace(*one.guest_offset, one.id);
    return places;
}

RC_GTEST_PROP(PasidPlace, CoversNothingMovesNothingAndIsTheSameEachTime, ()) {
    const auto device = *device_bytes().as("device");
    const auto without = plan_of(device, 0);

    const auto with = plan_of(device, 20);

    RC_ASSERT(asked == 0);
    RC_TAG(with.view.pasid ? "PASID" : "no PASID");
    RC_ASSERT(with.view == plan_of(device, 20).view);
    RC_ASSERT(others(with) == others(without));
    if (!with.view.pasid) return;

    const std::size_t at = with.view.pasid->at;
    bool own = false;
    for (const auto& one : with.view.capabilities) {
        if (one.action == chosen::Action::Synthesize) {
            own = one.host_offset.has_value();
            continue;
        }
        const std::size_t start = one.host_offset ? *one.host_offset : *one.guest_offset;
        RC_ASSERT(start + one.size <= at || start >= at + 8);
    }
    for (std::size_t n = at; !own && n < at + 8; ++n) {
        if (with.facts.physical && with.facts.physical->known() > pci::conventional_size)
            RC_ASSERT(with.facts.physical->read8(n) == 0);
        if (with.facts.vfio) RC_ASSERT(with.facts.vfio->config.read8(n) == 0);
    }
}

RC_GTEST_PROP(PasidPlace, IsInAListThatEnds, ()) {
    const auto device = *device_bytes().as("device");
    const auto plan = plan_of(device, 20);
    if (!plan.view.pasid) return;

    const auto listed = pci::list_capabilities(plan.start());

    std::set<Place> found;
    for (const auto& one : listed.extended)
        RC_ASSERT(found.emplace(one.at, one.id).second);
    RC_ASSERT(found.contains({plan.view.pasid->at, 0x1b}));
    for (const auto& one : plan.view.capabilities)
        if (one.list == chosen::CapabilityList::Extended && one.guest_offset)
            RC_ASSERT(found.contains({*one.guest_offset, one.id}));
    for (const auto& finding : listed.findings)
        RC_ASSERT(!finding.contains("loops") && !finding.contains("broken"));
}

}  // namespace
}  // namespace tenon::model::machine

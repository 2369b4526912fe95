// What a guest can never do, over random devices and random guests. ConfigState states it.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>

#include "tests/support/guest_access.hpp"

namespace tenon::model::running {
namespace {

using support::ByteSource;
using Bytes = std::vector<std::uint8_t>;

// A thousand devices each; RC_PARAMS set by hand wins. Read by rapidcheck before its first check.
const int asked = ::setenv("RC_PARAMS", "max_success=1000", 0);  // NOLINT(concurrency-mt-unsafe)

// rapidcheck's own vectors are short and begin with small numbers; a device takes hundreds of bytes
// of any value.
rc::Gen<Bytes> many_bytes(std::size_t least, std::size_t most) {
    const auto sized = rc::gen::mapcat(rc::gen::inRange(least, most), [](std::size_t size) {
        return rc::gen::container<Bytes>(size, rc::gen::arbitrary<std::uint8_t>());
    });
    return rc::gen::resize(rc::kNominalSize, sized);
}

slot::FunctionPlan random_function(const Bytes& device) {
    ByteSource source{device};
    machine::MachineRequest request;
    request.devices.push_back({.facts = support::random_facts(source)});
    // Half of them are shown PASID, which is all ours.
    request.viommu_pasid_width = source.below(2) == 0 ? 0 : 20;
    request.devices.front().facts.iommu.pasid = device::PasidFacts{.width = 20, .execute = true};
    return machine::make_plan(std::move(request)).value().ports.front()->functions.front();
}

RC_GTEST_PROP(GuestAccess, NeverReachesWhatIsOursOrHidden, ()) {
    const auto function = random_function(*many_bytes(64, 1200).as("device"));
    const auto guest = *many_bytes(16, 600).as("guest");
    ByteSource source{guest};

    const auto misdeed = misdeed_of_guest(function, source);

    RC_ASSERT(asked == 0);
    RC_TAG(function.view.guest_view ? "guest view" : "none",
           function.view.express_at != 0 ? "express" : "conventional");
    RC_ASSERT(misdeed == "");
}

RC_GTEST_PROP(Capabilities, NeverOverlapInAnyGuestView, ()) {
    const auto function = random_function(*many_bytes(64, 1200).as("device"));

    for (const auto& one : function.view.capabilities)
        for (const auto& other : function.view.capabilities)
            if (one.host_offset && other.host_offset && *one.host_offset < *other.host_offset)
                RC_ASSERT(*one.host_offset + one.size <= *other.host_offset);
}

}  // namespace
}  // namespace tenon::model::running

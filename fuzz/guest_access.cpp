// Fuzzes a guest's accesses to the configuration space of a hostile function: the first half of the
// input makes the function, the rest is the guest.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "model/machine/machine_plan.hpp"
#include "tests/support/guest_access.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tenon;
    const std::span input{data, size};
    support::ByteSource device{input.first(size / 2)};
    support::ByteSource guest{input.subspan(size / 2)};
    model::machine::MachineRequest request;
    request.devices.push_back({.facts = support::random_facts(device)});
    const auto plan = model::machine::make_plan(std::move(request));
    if (!plan) std::abort();
    const auto misdeed = support::misdeed_of_guest(plan->ports.front().functions.front(), guest);
    if (misdeed.empty()) return 0;
    std::fputs(misdeed.c_str(), stderr);
    std::abort();
}

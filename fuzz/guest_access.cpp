// Fuzzes a guest's accesses to the configuration space of a hostile function.
//
// The first byte says what comes: bit 0, a configuration space as a capture has it, its size in two
// bytes in front of it; else one that is made of the first half of what is left. Bit 1: host and
// guest can do PASID. The rest of the input is the guest.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "capture/raw_blob.hpp"
#include "model/machine/machine_plan.hpp"
#include "tests/support/guest_access.hpp"

namespace {

using namespace tenon;

constexpr std::uint8_t real_space = 1;
constexpr std::uint8_t pasid_on_both_sides = 2;

// Takes the function off the front of `input`; none if it is no configuration space.
std::optional<device::DeviceFacts> take_facts(std::span<const std::uint8_t>& input, bool real) {
    if (!real) {
        support::ByteSource source{input.first(input.size() / 2)};
        input = input.subspan(input.size() / 2);
        return support::random_facts(source);
    }
    support::ByteSource source{input};
    const std::size_t size = source.next16();
    const auto begin = std::min<std::size_t>(2, input.size());
    const auto count = std::min(size, input.size() - begin);
    const auto space = input.subspan(begin, count);
    input = input.subspan(begin + count);
    const std::string content{space.begin(), space.end()};
    auto image = capture::parse_raw_blob(content, "seed");
    if (!image) return std::nullopt;
    device::DeviceFacts facts;
    facts.source = "seed";
    facts.physical = *std::move(image);
    return facts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::span input{data + 1, size - 1};
    auto facts = take_facts(input, (data[0] & real_space) != 0);
    if (!facts) return -1;
    model::machine::MachineRequest request;
    if ((data[0] & pasid_on_both_sides) != 0) {
        request.viommu_pasid_width = 20;
        facts->iommu.pasid = device::PasidFacts{.width = 20, .execute = true, .privileged = true};
    }
    request.devices.push_back({.facts = *std::move(facts)});
    const auto plan = model::machine::make_plan(std::move(request));
    if (!plan) std::abort();
    support::ByteSource guest{input};
    const auto misdeed = support::misdeed_of_guest(plan->ports.front()->functions.front(), guest);
    if (misdeed.empty()) return 0;
    std::fputs(misdeed.c_str(), stderr);
    std::abort();
}

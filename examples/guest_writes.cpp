// Says what a VMM has to do when a guest writes 16-bit registers of a recorded device:
// guest_writes FILE OFFSET VALUE [OFFSET VALUE]…
#include <cstdlib>
#include <iostream>
#include <string>
#include <tenon/plan.hpp>

using namespace tenon::effect;

// A VMM has one for each kind of effect; one that is missing does not compile.
struct Vmm {
    void operator()(const RemoveBars& one) const { say("BARs out of the guest", one.bars.size()); }
    void operator()(const PlaceBars& one) const { say("BARs into the guest", one.bars.size()); }
    void operator()(const WriteDevice& one) const { say("write to the device at", one.offset); }
    void operator()(const UpdateDevice& one) const {
        say("change bits of the device at", one.offset);
    }
    void operator()(const InterruptsChanged&) const { say("connect vectors"); }
    void operator()(const ResetFunction&) const { say("reset the device, then prepare it"); }
    void operator()(const ResetSecondaryBus&) const { say("reset all below the port"); }
    // For the guest's IOMMU, if it has one.
    void operator()(const PasidChanged& one) const { say("PASID on", one.enabled); }
    void operator()(const AtsChanged& one) const { say("ATS on", one.enabled); }
    void operator()(const PageRequestsChanged& one) const { say("page requests on", one.enabled); }
    void operator()(const AtomicsChanged& one) const { say("AtomicOps on", one.enabled); }

    static void say(const char* what) { std::cout << "  " << what << '\n'; }
    static void say(const char* what, std::size_t number) {
        std::cout << "  " << what << ": " << std::hex << number << '\n';
    }
};

static void carry_out(const std::vector<tenon::Effect>& effects) {
    for (const auto& effect : effects)
        std::visit(Vmm{}, effect);
}

int main(int count, char** words) {
    if (count < 2) return std::cerr << "guest_writes FILE OFFSET VALUE…\n", 2;
    const auto plan = tenon::Plan::make({.devices = {std::string{words[1]} + ",id=device"}});
    if (!plan) return std::cerr << to_string(plan.error()) << '\n', 2;
    for (const auto& warning : plan->warnings())
        std::cout << "warning: " << warning << '\n';
    auto space = plan->config_space("device");
    if (!space) return std::cerr << to_string(space.error()) << '\n', 1;

    std::cout << "before the guest starts\n";
    carry_out(space->prepare_device());
    for (int n = 2; n + 1 < count; n += 2) {
        std::cout << "the guest writes " << words[n + 1] << " at " << words[n] << '\n';
        carry_out(space->write(static_cast<std::uint16_t>(std::strtoul(words[n], nullptr, 0)), 2,
                               static_cast<std::uint32_t>(std::strtoul(words[n + 1], nullptr, 0))));
    }
    return 0;
}

#include "model/slot/slot_view.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "model/chosen/target.hpp"
#include "model/slot/atomics_view.hpp"
#include "model/slot/pasid_needs.hpp"
#include "model/slot/qemu_port.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model::slot {
namespace {

namespace express = pci::express;

// Neither link nor payload is below what a function's host link has.
void tell_link_truth(const SlotRules& rules,
                     std::span<const function::FunctionView* const> functions, SlotView& slot) {
    const function::FunctionView* fastest = nullptr;
    for (const auto* const view : functions) {
        if (view->express_at == 0) continue;
        const auto& space = view->map.start;
        const pci::LinkCapabilities link{
            space.read32(view->express_at + express::link_capabilities)};
        const pci::DeviceCapabilities device{
            space.read32(view->express_at + express::device_capabilities)};
        const unsigned width = std::bit_ceil(std::clamp(link.get<pci::MaxLinkWidth>(), 1u, 32u));
        const unsigned speed = std::clamp(link.get<pci::MaxLinkSpeed>(), 1u, 6u);
        if (fastest == nullptr || speed > slot.link_speed) fastest = view;
        slot.link_speed = std::max(slot.link_speed, speed);
        slot.link_width = std::max(slot.link_width, width);
        slot.max_payload =
            std::max(slot.max_payload, std::min(device.get<pci::MaxPayloadSupported>(), 5u));
    }
    const auto unseen = std::ranges::find(functions, false, &function::FunctionView::guest_view);
    if (fastest != nullptr)
        slot.link_why = fmt::format("as the link of {} on its host", fastest->host);
    else if (unseen != functions.end())
        // Without registers, or a bridge: what it is on its host says nothing here.
        slot.link_why =
            fmt::format("the least there is, as no guest sees registers of {}", (*unseen)->host);
    else
        slot.link_why = "no PCI Express function is in the slot";
    if (rules.express_version < 2 && slot.link_speed > 1) {
        slot.link_speed = 1;
        slot.link_why = "express=1: a port of version 1 has no faster link";
    }
}

const SlotFunction* find_part(const SlotView& slot, const function::FunctionView& function) {
    const auto part = std::ranges::find(slot.functions, function.function, &SlotFunction::function);
    return part == slot.functions.end() ? nullptr : &*part;
}

}  // namespace

SlotView build_slot_view(const std::string& port, const SlotRules& rules,
                         std::span<const function::FunctionView* const> functions) {
    std::vector<const function::FunctionView*> ordered{functions.begin(), functions.end()};
    std::ranges::sort(ordered, {},
                      [](const function::FunctionView* view) { return view->function; });
    SlotView slot{.multi_function = ordered.size() > 1};
    if (chosen::find_target(rules.version)) {
        slot.link_speed = QemuLink::speed;
        slot.link_width = QemuLink::width;
        slot.link_why =
            "as QEMU's port has it without x-speed= and x-width=; its status follows function 0";
    } else {
        tell_link_truth(rules, ordered, slot);
    }
    for (const auto* const view : ordered)
        slot.functions.push_back({.function = view->function});
    view_atomics(port, rules, ordered, slot);
    warn_of_pasid_needs(ordered, slot);
    return slot;
}

std::vector<std::string> warnings_of(const function::FunctionView& function, const SlotView& slot) {
    auto warnings = function.warnings;
    if (const auto* const part = find_part(slot, function))
        warnings.insert(warnings.end(), part->warnings.begin(), part->warnings.end());
    return warnings;
}

void apply_slot(const SlotView& slot, function::FunctionView& function) {
    if (!function.guest_view) return;
    auto& map = function.map;
    constexpr auto others = std::uint8_t{pci::MultiFunction::mask};
    map.emulate_bits(pci::header::header_type, others, slot.multi_function ? others : 0);
    if (function.device_control_2_at == 0) return;
    const auto* const part = find_part(slot, function);
    const bool participant = part != nullptr && part->atomics_participant;
    constexpr auto enable = std::uint8_t{pci::AtomicOpRequesterEnable::mask};
    if (!participant)
        map.emulate_bits(function.device_control_2_at, enable, 0);
    else if (function.virtual_function)
        // Reserved in a virtual function: the guest's choice is kept here.
        map.emulate_bits(function.device_control_2_at, enable, 0, enable);
    else
        map.pass_bits(function.device_control_2_at, enable);
}

}  // namespace tenon::model::slot

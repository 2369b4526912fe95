#include "model/function/intx_plan.hpp"

#include <fmt/core.h>

namespace tenon::model::function {

std::optional<IntxPlan> plan_intx(const device::DeviceFacts& facts, std::uint8_t pin,
                                  chosen::IntxChoice choice, const IntxTrouble* trouble) {
    if (pin == 0 || pin > 4 || choice == chosen::IntxChoice::Off) return std::nullopt;
    // Once it is open, the kernel says for itself whether it hides the pin.
    if (!facts.vfio && trouble != nullptr && trouble->fault == IntxFault::HiddenByVfio)
        return std::nullopt;
    IntxPlan plan{.pin = pin, .why = {}, .host_line = line_in_words(facts.line)};
    if (facts.vfio) {
        // Of a function whose INTx does not work the kernel offers none.
        const auto& irq = facts.vfio->irqs[static_cast<std::size_t>(device::IrqIndex::Intx)];
        if (irq.count == 0) return std::nullopt;
        if (!irq.eventfd || !irq.maskable) {
            plan.delivery = IntxDelivery::Trapped;
            plan.why = "VFIO cannot unmask it by an event";
        }
    }
    if (choice == chosen::IntxChoice::Trapped) {
        plan.delivery = IntxDelivery::Trapped;
        plan.why = "asked for";
    }
    return plan;
}

std::string warning_of_intx(const device::DeviceFacts& facts, const IntxPlan& plan,
                            const IntxTrouble* trouble, std::optional<bool> messages) {
    if (trouble == nullptr || trouble->fault == IntxFault::HiddenByVfio) return "";
    const bool alone = facts.line && !is_shared(facts.line);
    if (alone) return "";
    const std::string_view when =
        trouble->fault == IntxFault::OldFirmware ? ", with firmware before minor version 14" : "";
    const auto line =
        plan.host_line.empty()
            ? fmt::format("its line on the host has to be its own, which is not known ({})",
                          facts.line.why())
            : fmt::format("its line on the host has to be its own, and is {}", plan.host_line);
    return fmt::format(
        "INTx cannot be masked in this device{}: {}; VFIO answers EBUSY to who asks for it beside "
        "others. intx=off goes without INTx{} [{}]",
        when, line,
        !messages   ? ""
        : *messages ? ", and its driver has MSI"
                    : ", and its driver has to poll: it has no MSI",
        trouble->evidence);
}

std::vector<IntxRoute> intx_routes(const std::vector<std::uint8_t>& devices) {
    std::vector<IntxRoute> routes;
    routes.reserve(devices.size() * 4);
    for (const auto device : devices)
        for (std::uint8_t pin = 1; pin <= 4; ++pin)
            routes.push_back({.device = device,
                              .pin = static_cast<std::uint8_t>(pin - 1),
                              .interrupt = intx_interrupt(device, pin)});
    return routes;
}

}  // namespace tenon::model::function

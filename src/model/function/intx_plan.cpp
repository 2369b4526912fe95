#include "model/function/intx_plan.hpp"

namespace tenon::model::function {

std::optional<IntxPlan> plan_intx(const device::DeviceFacts& facts, std::uint8_t pin,
                                  chosen::IntxChoice choice) {
    if (pin == 0 || pin > 4 || choice == chosen::IntxChoice::Off) return std::nullopt;
    IntxPlan plan{.pin = pin, .why = {}};
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

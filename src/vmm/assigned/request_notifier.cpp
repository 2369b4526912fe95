#include "vmm/assigned/request_notifier.hpp"

#include <array>
#include <utility>

namespace tenon::vmm {

using device::IrqIndex;

Result<std::unique_ptr<RequestNotifier>> RequestNotifier::create(device::DeviceControl& device,
                                                                 const device::VfioFacts& facts,
                                                                 EventLoop& events,
                                                                 std::function<void()> wanted) {
    if (facts.irqs[static_cast<std::size_t>(IrqIndex::Request)].count == 0) return nullptr;
    TENON_TRY(made, EventFd::create(), "the event of a request to give a function back");
    auto event = std::make_shared<EventFd>(std::move(made));
    std::unique_ptr<RequestNotifier> notifier{new RequestNotifier{device, events, event}};
    TENON_TRY(token,
              events.add(event->number(),
                         [event, wanted = std::move(wanted)] {
                             if (event->take()) wanted();
                         }),
              "watching for a request to give a function back");
    notifier->token_ = token;
    const std::array numbers{event->number()};
    TENON_TRY_DO(device.set_vectors(IrqIndex::Request, 0, numbers),
                 "asking to be told of a request to give a function back");
    return notifier;
}

RequestNotifier::~RequestNotifier() {
    if (token_) events_.remove(*token_);
    // The kernel forgets the event with the device, if not now.
    [[maybe_unused]] const auto off = device_.disable_vectors(IrqIndex::Request);
}

}  // namespace tenon::vmm

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
    auto watched = std::make_shared<Watched>(std::move(made));
    watched->wanted = std::move(wanted);
    std::unique_ptr<RequestNotifier> notifier{new RequestNotifier{device, events, watched}};
    TENON_TRY(token,
              events.add(watched->event.number(),
                         [watched] {
                             if (watched->event.take() == 0) return;
                             const std::lock_guard lock{watched->mutex};
                             if (watched->wanted) watched->wanted();
                         }),
              "watching for a request to give a function back");
    notifier->token_ = token;
    const std::array numbers{watched->event.number()};
    TENON_TRY_DO(device.set_vectors(IrqIndex::Request, 0, numbers),
                 "asking to be told of a request to give a function back");
    return notifier;
}

RequestNotifier::~RequestNotifier() {
    if (token_) events_.remove(*token_);
    {
        const std::lock_guard lock{watched_->mutex};
        watched_->wanted = {};
    }
    // The kernel forgets the event with the device, if not now.
    [[maybe_unused]] const auto off = device_.disable_vectors(IrqIndex::Request);
}

}  // namespace tenon::vmm

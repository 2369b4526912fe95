#include "vmm/slots/device_notifier.hpp"

#include <fmt/core.h>

#include <array>
#include <string_view>
#include <utility>

namespace tenon::vmm::slots {

using device::IrqIndex;

Result<std::unique_ptr<DeviceNotifier>> DeviceNotifier::create(device::DeviceControl& device,
                                                               const device::VfioFacts& facts,
                                                               IrqIndex index,
                                                               board::EventLoop& events,
                                                               std::function<void()> told) {
    if (facts.irqs[static_cast<std::size_t>(index)].count == 0) return nullptr;
    const std::string_view what =
        index == IrqIndex::Error ? "errors" : "requests to give the function back";
    TENON_TRY(made, EventFd::create(), fmt::format("the event of {}", what));
    auto watched = std::make_shared<Watched>(std::move(made));
    {
        const MutexLock lock{watched->mutex};
        watched->told = std::move(told);
    }
    std::unique_ptr<DeviceNotifier> notifier{new DeviceNotifier{device, index, events, watched}};
    TENON_TRY(token,
              events.add(watched->event.number(),
                         [watched] {
                             if (watched->event.take() == 0) return;
                             const MutexLock lock{watched->mutex};
                             if (watched->told) watched->told();
                         }),
              fmt::format("watching for {}", what));
    notifier->token_ = token;
    const std::array numbers{watched->event.number()};
    TENON_TRY_DO(device.set_vectors(index, 0, numbers), fmt::format("asking for {}", what));
    return notifier;
}

DeviceNotifier::~DeviceNotifier() {
    if (token_) events_.remove(*token_);
    {
        const MutexLock lock{watched_->mutex};
        watched_->told = {};
    }
    // The kernel forgets the event with the device, if not now.
    [[maybe_unused]] const auto off = device_.disable_vectors(index_);
}

}  // namespace tenon::vmm::slots

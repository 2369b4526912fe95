// The host wants a function back: its driver is unbound, or the device is pulled out.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/event_fd.hpp"
#include "base/result.hpp"
#include "device/control.hpp"
#include "vmm/event_loop.hpp"

namespace tenon::vmm {

/// Watches for the kernel's request, which it repeats until the function is given back.
/// Source: Linux, drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_request().
class RequestNotifier {
public:
    /// `wanted` is called from the loop's thread for each request; it is to note that and return.
    /// Device and loop must outlive the notifier. Null where the kernel knows no such request.
    /// Errors: errno of VFIO_DEVICE_SET_IRQS, eventfd(2), epoll(7).
    static Result<std::unique_ptr<RequestNotifier>> create(device::DeviceControl& device,
                                                           const device::VfioFacts& facts,
                                                           EventLoop& events,
                                                           std::function<void()> wanted);
    RequestNotifier(const RequestNotifier&) = delete;
    RequestNotifier& operator=(const RequestNotifier&) = delete;
    /// `wanted` is not called any more when this returns.
    ~RequestNotifier();

private:
    // Shared with a callback that may still run when the notifier has gone.
    struct Watched {
        EventFd event;
        std::mutex mutex;              ///< Guards what follows.
        std::function<void()> wanted;  ///< Empty: nobody wants to know any more.
    };

    RequestNotifier(device::DeviceControl& device, EventLoop& events,
                    std::shared_ptr<Watched> watched)
        : device_{device}, events_{events}, watched_{std::move(watched)} {}

    device::DeviceControl& device_;
    EventLoop& events_;
    std::shared_ptr<Watched> watched_;
    std::optional<EventLoop::Token> token_;
};

}  // namespace tenon::vmm

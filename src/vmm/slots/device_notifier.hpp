// What the host tells of a function by an event: it wants it back, or was told of an error of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/event_fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "device/control.hpp"
#include "vmm/board/event_loop.hpp"

namespace tenon::vmm::slots {

/// Watches for one kind of it. IrqIndex::Request comes again and again until the function is given
/// back; IrqIndex::Error comes for each error, and says nothing of it.
/// Source: Linux, drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_request(),
/// vfio_pci_core_aer_err_detected().
class DeviceNotifier {
public:
    /// `told` is called from the loop's thread for each event; it is to note that and return.
    /// Device and loop must outlive the notifier. Null where the kernel has no such event for the
    /// function. Errors: errno of VFIO_DEVICE_SET_IRQS, eventfd(2), epoll(7).
    static Result<std::unique_ptr<DeviceNotifier>> create(device::DeviceControl& device,
                                                          const device::VfioFacts& facts,
                                                          device::IrqIndex index,
                                                          board::EventLoop& events,
                                                          std::function<void()> told);
    DeviceNotifier(const DeviceNotifier&) = delete;
    DeviceNotifier& operator=(const DeviceNotifier&) = delete;
    /// `told` is not called any more when this returns.
    ~DeviceNotifier();

private:
    // Shared with a callback that may still run when the notifier has gone.
    struct Watched {
        explicit Watched(EventFd made) : event{std::move(made)} {}

        const EventFd event;
        Mutex mutex;
        /// Empty: nobody wants to know any more.
        std::function<void()> told TENON_GUARDED_BY(mutex);
    };

    DeviceNotifier(device::DeviceControl& device, device::IrqIndex index, board::EventLoop& events,
                   std::shared_ptr<Watched> watched)
        : device_{device}, index_{index}, events_{events}, watched_{std::move(watched)} {}

    device::DeviceControl& device_;
    device::IrqIndex index_;
    board::EventLoop& events_;
    std::shared_ptr<Watched> watched_;
    std::optional<board::EventLoop::Token> token_;
};

}  // namespace tenon::vmm::slots

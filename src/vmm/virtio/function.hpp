// A function of ours whose device is a process behind a vhost-user socket: the transport's
// registers are here, the queues there.
//
//   guest ── registers ──▶ VirtioFunction ── messages ──▶ back end ── reads and writes ──┐
//     │                                                      ▲  │                        ▼
//     ├────── doorbell ──────────────── eventfd ─────────────┘  │                  guest memory
//     └◀───── vector ────────────────── irqfd ◀─────────────────┘
//
// In the other half of the picture nobody of us takes part.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_fd.hpp"
#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "device/control.hpp"
#include "model/virtio/backend.hpp"
#include "model/virtio/transport.hpp"
#include "vmm/assigned/bars.hpp"
#include "vmm/board/event_loop.hpp"
#include "vmm/board/guest_memory.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/virtio/program.hpp"
#include "vmm/virtio/session.hpp"
#include "vmm/virtio/worker.hpp"

namespace tenon::vmm::virtio {

/// Does what a function of a host does behind VFIO, so that all else takes it for one. Thread-safe.
/// No access waits for the back end; reset() does, up to its patience, as a reset of a host's
/// function takes its time.
///
/// When the back end has gone or broken a rule, the device says DEVICE_NEEDS_RESET, and the event
/// "back-end-lost" tells of it. It stays, and does nothing more. A program that was started for it
/// is ended then, else with the function.
class VirtioFunction final : public device::DeviceControl {
public:
    /// How long an answer of a back end is waited for.
    static constexpr std::chrono::milliseconds most_patience{5'000};
    /// The same for the first ones of a program that has just been started.
    static constexpr std::chrono::milliseconds start_patience{60'000};

    /// What it works on; all must outlive it. A file holds the memory.
    struct Outside {
        const board::GuestMemory& memory;
        board::Warnings& warnings;
        board::EventLoop& events;
        std::chrono::milliseconds patience = most_patience;
    };

    /// Connects to the back end, and starts it first where it is a program of ours. `name` stands
    /// in warnings: "dev0 (vhost-user:/run/disk.sock)". Errors: of the connection or
    /// Program::start(), and of what is agreed on, naming the back end.
    static Result<std::unique_ptr<VirtioFunction>> connect(const model::virtio::Backend& backend,
                                                           std::string name,
                                                           const Outside& outside);
    /// The back end has given all queues back, or is disconnected.
    ~VirtioFunction() override;

    /// Where its driver rings; valid as long as this is.
    std::vector<assigned::Doorbell> doorbells() const;

    Result<device::VfioFacts> facts() override;
    Result<void> read(unsigned region, std::uint64_t offset, std::span<std::byte> out) override
        TENON_EXCLUDES(mutex_);
    Result<void> write(unsigned region, std::uint64_t offset,
                       std::span<const std::byte> in) override TENON_EXCLUDES(mutex_);
    Result<Mapping> map(unsigned region, const device::MmapArea& area) override;
    Result<device::Offer> set_vectors(device::IrqIndex index, std::uint32_t first,
                                      std::span<const int> events) override TENON_EXCLUDES(mutex_);
    Result<void> unmask_intx() override;
    Result<void> unmask_intx_on(int event) override;
    Result<void> disable_vectors(device::IrqIndex index) override TENON_EXCLUDES(mutex_);
    Result<void> reset() override TENON_EXCLUDES(mutex_);
    Result<void> hot_reset(std::span<const int> owners) override;
    Result<Fd> bar_file(unsigned bar, const device::MmapArea& area) override;
    /// None: KVM has no part in it.
    int kvm_file() const override { return -1; }

private:
    using SharedFd = std::shared_ptr<const Fd>;

    // Of each queue.
    struct Events {
        EventFd kick;
        EventFd unheard;  ///< Its interrupts while it has no vector that works.
    };

    VirtioFunction(const model::virtio::Backend& backend, std::string name, const Outside& outside,
                   std::vector<Events> events, const Session& session);

    std::uint64_t read_bar(std::uint64_t offset, unsigned size) TENON_REQUIRES(mutex_);
    std::uint64_t pending_bits(std::uint64_t offset, unsigned size) const TENON_REQUIRES(mutex_);
    void write_bar(std::uint64_t offset, unsigned size, std::uint64_t value) TENON_REQUIRES(mutex_);
    void write_config_space(std::uint64_t offset, std::span<const std::byte> in)
        TENON_REQUIRES(mutex_);
    struct Window {
        std::uint32_t offset = 0;
        std::uint32_t size = 0;
    };
    std::optional<Window> window() const TENON_REQUIRES(mutex_);

    void carry_out(const model::virtio::effect::Start& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::virtio::effect::Stop& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::virtio::effect::Kick& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::virtio::effect::VectorChanged& effect) TENON_REQUIRES(mutex_);
    void carry_out(const model::virtio::effect::WriteConfig& effect) TENON_REQUIRES(mutex_);
    Result<std::vector<Ring>> rings() const TENON_REQUIRES(mutex_);
    void stop_rings() TENON_REQUIRES(mutex_);
    SharedFd call_of(std::uint16_t queue) const TENON_REQUIRES(mutex_);
    void redirect(std::uint16_t queue) TENON_REQUIRES(mutex_);
    void redirect_all(std::uint32_t first, std::uint64_t count) TENON_REQUIRES(mutex_);
    void tell_driver() TENON_REQUIRES(mutex_);
    void lost(const Error& why) TENON_EXCLUDES(mutex_);
    Result<void> tell_call(std::uint16_t queue, Session& session) TENON_EXCLUDES(mutex_);
    void change_config(std::span<const std::byte> config) TENON_EXCLUDES(mutex_);

    const model::virtio::Backend backend_;
    const std::string name_;
    const Outside outside_;
    const std::vector<Events> events_;

    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::slot) TENON_ACQUIRED_BEFORE(board::order::said);
    Condition stopped_;
    bool stopping_ TENON_GUARDED_BY(mutex_) = false;
    pci::ConfigImage config_ TENON_GUARDED_BY(mutex_);
    model::virtio::Transport transport_ TENON_GUARDED_BY(mutex_);
    std::map<std::uint32_t, SharedFd> vectors_ TENON_GUARDED_BY(mutex_);
    /// Where the back end was told to signal each queue; null: it has not the queue.
    std::vector<SharedFd> calls_ TENON_GUARDED_BY(mutex_);
    /// Of each queue: the thread is to tell the back end of calls_. A driver that changes vectors
    /// without end has one of these at a time.
    std::vector<bool> redirecting_ TENON_GUARDED_BY(mutex_);
    unsigned config_writes_ TENON_GUARDED_BY(mutex_) = 0;  ///< That wait for the thread.
    /// That the back end has.
    std::vector<std::uint16_t> rings_ TENON_GUARDED_BY(mutex_);
    std::unique_ptr<Program> program_;  ///< Null: somebody else started it.
    std::unique_ptr<Worker> worker_;    ///< Ends first: its tasks come back to this.
};

}  // namespace tenon::vmm::virtio

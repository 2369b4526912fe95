// Functions that come and go while the guest runs: who asks, who waits for whom, and what is said.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "device/opened.hpp"
#include "model/machine/arrival.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/seal/thread.hpp"
#include "vmm/slots/assignment.hpp"
#include "vmm/slots/device_errors.hpp"
#include "vmm/slots/pci_topology.hpp"
#include "vmm/slots/plug_event.hpp"

namespace tenon::vmm::slots {

/// A device that is to come.
struct PlugRequest {
    /// `DEVICE[,key=value…]`, as on the command line; of a process its keys alone.
    std::string device;
    std::optional<int> iommufd = {};  ///< /dev/iommu as somebody opened it; theirs.
    /// The option by which a process is a device, as "disk"; empty: a function of the host.
    std::string option = {};
};

/// A device that has come.
struct Plugged {
    std::string id;
    /// What a user should know since it is here: of it, its port and machine, then of others.
    std::vector<std::string> warnings;
};

/// Reads the words of a request, asks the device and plans its arrival; what it opens stays in the
/// OpenedFunctions. Errors: wrong words, an unreadable device, one that the guest cannot have.
using ArrivalPlanner = std::function<Result<model::machine::Arrival>(
    const PlugRequest&, const model::machine::RunningMachine&, device::OpenedFunctions&)>;

/// Plugs and unplugs, gives back what the host wants back, and takes away what has failed. Calls
/// may come from any thread but a vCPU's; one is served at a time.
class HotPlug {
public:
    /// How long a guest may take to let go. Linux waits 5 s for a second press of the button.
    static constexpr std::chrono::seconds most_patience{30};

    /// What it works on; all must outlive it. The topology's listeners are its.
    struct Outside {
        const model::machine::MachinePlan& plan;
        device::OpenedFunctions& opened;
        Chassis& chassis;
        Assignment& assignment;
        PciTopology& topology;
        ArrivalPlanner plan_arrival;
        board::Warnings& warnings;
        std::function<Result<void>()> pause;  ///< Pauses the machine, and returns when it is.
    };

    explicit HotPlug(Outside outside, std::chrono::milliseconds patience = most_patience);
    HotPlug(const HotPlug&) = delete;
    HotPlug& operator=(const HotPlug&) = delete;
    /// Removals that the guest has not carried out are forgotten.
    ~HotPlug();

    /// Brings a device in: with function 0 the guest is told of all in its slot. Who listens is
    /// told of its warnings, and of those of others that are new with it. Errors: of the planner
    /// and of each step; Busy if its slot has been announced or is being removed. Machine and host
    /// are then as before.
    Result<Plugged> add(const PlugRequest& request);

    /// Asks the guest to let go of the slot in which the function `id` is, all of it. Functions
    /// that wait for function 0 go at once. Errors: NotFound; Busy if it was asked already;
    /// Unsupported if the port takes no removals.
    Result<void> remove(const std::string& id);

    /// Takes the slot in which the function `id` is away at once, as if it were pulled out.
    /// Errors: NotFound.
    Result<void> pull_out(const std::string& id);

    /// Who is told of each event from now on, from any thread: it is to note the event and return.
    void listen(PlugListener listener);

private:
    using Clock = std::chrono::steady_clock;

    Result<std::size_t> port_of(const std::string& id) const;
    Result<void> check_slot_open(const model::machine::Arrival& arrival) const;
    void take_out(std::size_t port) TENON_REQUIRES(turn_);
    Result<void> take_away(const std::string& id) TENON_REQUIRES(turn_);
    void give_up(std::size_t port) TENON_REQUIRES(turn_);
    void handle(const std::string& id, DeviceNotice notice) TENON_REQUIRES(turn_);
    void give_back(const std::string& id) TENON_REQUIRES(turn_);
    Result<void> ask(const std::string& id) TENON_REQUIRES(turn_);
    void before_restart() TENON_EXCLUDES(turn_);
    void tell(const PlugEvent& event) TENON_REQUIRES(turn_);
    void tell_all(PlugEvent::Kind kind, const model::slot::PortPlan& port) TENON_REQUIRES(turn_);
    void warn(const std::string& id, const std::vector<std::string>& warnings)
        TENON_REQUIRES(turn_);
    bool wait() TENON_EXCLUDES(noted_mutex_);
    void run() TENON_EXCLUDES(turn_);

    Outside outside_;
    std::chrono::milliseconds patience_;

    /// Of who changes what is here, for as long as that takes: never taken by a vCPU. Who ends the
    /// machine ends the wait for memory, which is what takes long.
    Mutex turn_ TENON_ACQUIRED_BEFORE(board::order::reset, noted_mutex_);
    PlugListener listener_ TENON_GUARDED_BY(turn_);
    DeviceErrors errors_ TENON_GUARDED_BY(turn_);

    Mutex noted_mutex_ TENON_ACQUIRED_AFTER(board::order::last);  ///< Held for moments.
    Condition noted_;
    /// Of functions.
    std::map<std::string, std::set<DeviceNotice>> notices_ TENON_GUARDED_BY(noted_mutex_);
    /// Ports that the guest let go of.
    std::set<std::size_t> released_ TENON_GUARDED_BY(noted_mutex_);
    /// Of ports asked to let go.
    std::map<std::size_t, Clock::time_point> deadlines_ TENON_GUARDED_BY(noted_mutex_);
    bool ending_ TENON_GUARDED_BY(noted_mutex_) = false;

    seal::Thread thread_;
};

}  // namespace tenon::vmm::slots

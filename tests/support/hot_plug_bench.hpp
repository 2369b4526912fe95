// A machine with empty ports, and functions of a fake host that come to it and go.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/assigned_nvme.hpp"
#include "tests/support/fake_vfio_files.hpp"
#include "vmm/slots/hot_plug.hpp"

namespace tenon::support {

/// Everything that plugging touches. Functions are named by their number; "3" is the fourth.
class HotPlugBench {
public:
    static constexpr std::size_t most = 8;

    explicit HotPlugBench(std::chrono::milliseconds patience = std::chrono::minutes{5},
                          std::vector<model::chosen::PortRequest> ports = {{.name = "rp0"},
                                                                           {.name = "rp1"}},
                          std::uint64_t memory = 4 << 20);
    ~HotPlugBench();
    HotPlugBench(const HotPlugBench&) = delete;
    HotPlugBench& operator=(const HotPlugBench&) = delete;

    /// Function `n` comes as function `number` of a port, with the id "f<n>".
    Result<std::string> add(std::size_t n, unsigned number, const std::string& port = "rp0");
    /// The same, with its warnings.
    Result<vmm::slots::Plugged> plug(std::size_t n, unsigned number,
                                     const std::string& port = "rp0");
    /// The option ROM of functions that come from now on.
    void choose_rom(model::chosen::RomRequest rom) { rom_ = std::move(rom); }
    /// Arrivals are planned by this from now on.
    void plan_with(vmm::slots::ArrivalPlanner planner) { planner_ = std::move(planner); }
    /// The machine ends: nothing is called of it afterwards but the topology.
    void end();
    /// What the user says of functions that come from now on.
    void choose(model::chosen::FunctionKeys keys) { keys_ = keys; }
    /// These functions are on one bus of the host, with which alone they are reset.
    void share_bus(const std::vector<std::size_t>& numbers);
    /// How often the machine was asked to pause.
    unsigned pauses() const { return pauses_; }
    vmm::slots::HotPlug& hot_plug() { return *hot_plug_; }
    vmm::slots::PciTopology& topology() { return topology_; }
    vmm::slots::Chassis& chassis() { return chassis_; }
    vmm::slots::Resets& resets() { return resets_; }
    FakeFunction& function(std::size_t n) { return *functions_.at(n); }
    FakeBoard& board() { return board_; }
    FakeVfioFiles& files() { return files_; }
    Faults& file_faults() { return file_faults_; }
    device::OpenedFunctions& opened() { return opened_; }
    vmm::slots::Assignment& assignment() { return *assignment_; }

    /// The n-th call on the next opener that is made, and on its address space, fails.
    void fail_next_opener(unsigned n) { fail_opener_ = n; }
    /// Called before each piece of memory comes to the address space of the next opener, or goes.
    void before_map(std::function<void()> action) { before_map_ = std::move(action); }
    void before_unmap(std::function<void()> action) { before_unmap_ = std::move(action); }
    /// While functions are there.
    unsigned opener_calls() const { return opener_->faults().calls(); }
    /// What devices may reach by DMA now.
    std::size_t mapped() {
        return opened_.interfaces().empty() ? 0 : opener_->address_space().mapped().size();
    }

    /// Bytes of BARs that devices may reach by DMA, by where; while functions are there.
    const std::map<Iova, std::uint64_t>& bars() { return opener_->address_space().bars(); }
    /// What the functions that are there were opened by.
    FakeOpener& opener() { return *opener_; }

    /// As the guest's driver does it, with the registers of a port at 0x40 + 0x18 and 0x1a.
    std::uint32_t read_port(std::uint16_t offset, unsigned size, unsigned port = 0) {
        return topology_.read({.bus = 0, .devfn = devfn_of(port), .offset = offset}, size);
    }
    void write_port(std::uint16_t offset, unsigned size, std::uint32_t value, unsigned port = 0) {
        topology_.write({.bus = 0, .devfn = devfn_of(port), .offset = offset}, size, value);
    }
    void start_driver(unsigned port = 0);
    void clear_events(unsigned port = 0) { write_port(0x5a, 2, 0x011f, port); }
    /// The driver has let go: it clears the button and switches the power indicator off.
    void let_go(unsigned port = 0) {
        clear_events(port);
        write_port(0x58, 2, 0x1321, port);
    }
    void light_indicator(unsigned port = 0) { write_port(0x58, 2, 0x1121, port); }

    /// Configuration space of a port and of all below it, as the guest reads it now, events
    /// cleared.
    std::vector<std::uint32_t> registers(unsigned port = 0);

    std::vector<vmm::slots::PlugEvent> events();
    /// Waits for so many events; whether they came within two minutes.
    bool wait_for_events(std::size_t count);

private:
    std::uint8_t devfn_of(unsigned port) const { return plan_.ports.at(port)->guest.devfn(); }

    Result<model::machine::Arrival> plan(const vmm::slots::PlugRequest& request,
                                         const model::machine::RunningMachine& machine,
                                         device::OpenedFunctions& opened);

    void add_bus(std::size_t n, device::DeviceFacts& facts) const;

    Result<std::unique_ptr<device::DeviceOpener>> make_opener();

    model::machine::MachinePlan plan_;
    std::deque<std::unique_ptr<FakeFunction>> functions_;
    unsigned fail_opener_ = 0;
    std::function<void()> before_map_;
    std::function<void()> before_unmap_;
    std::vector<std::size_t> on_bus_;
    model::chosen::FunctionKeys keys_;
    model::chosen::RomRequest rom_;
    std::atomic<unsigned> pauses_ = 0;
    FakeOpener* opener_ = nullptr;
    device::OpenedFunctions opened_{[this](device::Interface, std::span<const device::DeviceFacts>,
                                           std::optional<int>) { return make_opener(); }};
    FakeBoard board_;
    Faults file_faults_;
    FakeVfioFiles files_{file_faults_};
    vmm::board::GuestMemory memory_;  // Nobody touches it, so it is not there.
    vmm::slots::Chassis chassis_{plan_, board_.routes, board_.warnings};
    vmm::slots::Resets resets_{chassis_, board_.warnings};
    vmm::slots::PciTopology topology_{plan_, chassis_, resets_};
    std::unique_ptr<vmm::slots::Assignment> assignment_;
    std::mutex events_mutex_;
    std::condition_variable changed_;
    std::vector<vmm::slots::PlugEvent> events_;
    vmm::slots::ArrivalPlanner planner_ = [this](const auto& request, const auto& machine,
                                                 auto& opened) {
        return plan(request, machine, opened);
    };
    std::optional<vmm::slots::HotPlug> hot_plug_;
};

}  // namespace tenon::support

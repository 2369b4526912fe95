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
                          std::uint64_t memory = 4 << 20)
        : plan_{model::machine::make_plan({.ports = std::move(ports)}).value()},
          memory_{vmm::board::GuestMemory::create(memory, 0xc0000000).value()} {
        for (std::size_t n = 0; n < most; ++n)
            functions_.push_back(nvme_function());
        assignment_ = vmm::slots::Assignment::create(plan_, opened_,
                                                     {.board = board_.parts(),
                                                      .memory = memory_,
                                                      .topology = topology_,
                                                      .files = &files_})
                          .value();
        hot_plug_.emplace(
            vmm::slots::HotPlug::Outside{
                .plan = plan_,
                .opened = opened_,
                .assignment = *assignment_,
                .topology = topology_,
                .plan_arrival = [this](const auto& request, const auto& machine,
                                       auto& opened) { return plan(request, machine, opened); },
                .warnings = board_.warnings,
                .pause =
                    [this] {
                        ++pauses_;
                        return Result<void>{};
                    }},
            patience);
        hot_plug_->listen([this](const vmm::slots::PlugEvent& event) {
            const std::lock_guard lock{events_mutex_};
            events_.push_back(event);
            changed_.notify_all();
        });
    }

    /// Function `n` comes as function `number` of a port, with the id "f<n>".
    Result<std::string> add(std::size_t n, unsigned number, const std::string& port = "rp0") {
        TENON_TRY(plugged, plug(n, number, port), "");
        return plugged.id;
    }
    /// The same, with its warnings.
    Result<vmm::slots::Plugged> plug(std::size_t n, unsigned number,
                                     const std::string& port = "rp0") {
        return hot_plug_->add({.device = fmt::format("{} {} {}", n, number, port)});
    }
    /// The option ROM of functions that come from now on.
    void choose_rom(model::chosen::RomRequest rom) { rom_ = std::move(rom); }
    /// The machine ends: nothing is called of it afterwards but the topology.
    void end() {
        hot_plug_.reset();
        assignment_.reset();
    }
    /// What the user says of functions that come from now on.
    void choose(model::chosen::FunctionKeys keys) { keys_ = keys; }
    /// These functions are on one bus of the host, with which alone they are reset.
    void share_bus(const std::vector<std::size_t>& numbers) {
        std::vector<FakeFunction*> together;
        for (const auto n : numbers) {
            functions_.at(n)->info().can_reset = false;
            together.push_back(functions_.at(n).get());
        }
        FakeFunction::share_bus(together);
        on_bus_ = numbers;
    }
    /// How often the machine was asked to pause.
    unsigned pauses() const { return pauses_; }
    vmm::slots::HotPlug& hot_plug() { return *hot_plug_; }
    vmm::slots::PciTopology& topology() { return topology_; }
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
    void start_driver(unsigned port = 0) {
        write_port(0x04, 2, 0x0006, port);
        write_port(0x84, 4, 0xfee00000, port);
        write_port(0x8c, 2, 0x0041, port);
        write_port(0x82, 2, 0x0001, port);
        write_port(0x5a, 2, 0x011f, port);
        write_port(0x58, 2, 0x1321, port);
    }
    void clear_events(unsigned port = 0) { write_port(0x5a, 2, 0x011f, port); }
    /// The driver has let go: it clears the button and switches the power indicator off.
    void let_go(unsigned port = 0) {
        clear_events(port);
        write_port(0x58, 2, 0x1321, port);
    }
    void light_indicator(unsigned port = 0) { write_port(0x58, 2, 0x1121, port); }

    /// Configuration space of a port and of all below it, as the guest reads it now, events
    /// cleared.
    std::vector<std::uint32_t> registers(unsigned port = 0) {
        std::vector<std::uint32_t> all;
        for (std::uint16_t offset = 0; offset < 0x200; offset += 4)
            all.push_back(read_port(offset, 4, port));
        const auto bus = static_cast<std::uint8_t>(read_port(0x19, 1, port));
        for (std::uint8_t devfn = 0; devfn < 8; ++devfn)
            for (std::uint16_t offset = 0; offset < 0x200; offset += 4)
                all.push_back(topology_.read({.bus = bus, .devfn = devfn, .offset = offset}, 4));
        return all;
    }

    std::vector<vmm::slots::PlugEvent> events() {
        const std::lock_guard lock{events_mutex_};
        return events_;
    }
    /// Waits for so many events; whether they came within two minutes.
    bool wait_for_events(std::size_t count) {
        std::unique_lock lock{events_mutex_};
        return changed_.wait_for(lock, std::chrono::minutes{2},
                                 [&] { return events_.size() >= count; });
    }

private:
    std::uint8_t devfn_of(unsigned port) const { return plan_.ports.at(port)->guest.devfn(); }

    Result<model::machine::Arrival> plan(const vmm::slots::PlugRequest& request,
                                         const model::machine::RunningMachine& machine,
                                         device::OpenedFunctions& opened) {
        const auto n = static_cast<std::size_t>(request.device[0] - '0');
        model::machine::DeviceRequest device;
        device.facts.origin = device::Origin::Live;
        device.facts.source = fmt::format("function {}", n);
        device.facts.address = pci::Address{.bus = static_cast<std::uint8_t>(n + 1)};
        device.facts.driver = std::string{"vfio-pci"};
        device.facts.group = device::GroupFacts{.number = 1};
        add_bus(n, device.facts);
        device.id = fmt::format("f{}", n);
        device.keys = keys_;
        device.rom = rom_;
        device.function = static_cast<unsigned>(request.device[2] - '0');
        device.port = request.device.substr(4);
        TENON_TRY_DO(opened.prepare({}, std::span{&device.facts, 1}), "");
        TENON_TRY(control, opened.open(device.facts, {}), "");
        auto facts = control->facts();
        const auto address = *device.facts.address;
        if (facts) device.facts.vfio = *std::move(facts);
        auto arrival = facts ? model::machine::plan_arrival(machine, std::move(device))
                             : std::unexpected(facts.error());
        if (!arrival) opened.take(address);
        return arrival;
    }

    void add_bus(std::size_t n, device::DeviceFacts& facts) const {
        if (std::ranges::find(on_bus_, n) == on_bus_.end()) return;
        std::vector<device::GroupMember> neighbours;
        for (const auto other : on_bus_)
            if (other != n)
                neighbours.push_back({.address = {.bus = static_cast<std::uint8_t>(other + 1)},
                                      .driver = "vfio-pci"});
        facts.virtual_function = false;
        facts.path = std::vector<device::BridgeFacts>{{.address = {.bus = 0}}};
        facts.bus_neighbours = std::move(neighbours);
    }

    Result<std::unique_ptr<device::DeviceOpener>> make_opener() {
        auto made = std::make_unique<FakeOpener>();
        for (std::size_t n = 0; n < most; ++n)
            made->add({.bus = static_cast<std::uint8_t>(n + 1)}, *functions_[n]);
        made->address_space().before_map(before_map_);
        made->address_space().before_unmap(before_unmap_);
        if (fail_opener_ != 0) made->faults().fail_call(std::exchange(fail_opener_, 0u));
        opener_ = made.get();
        return made;
    }

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
    vmm::slots::PciTopology topology_{plan_, board_.vm, board_.resets, board_.warnings};
    std::unique_ptr<vmm::slots::Assignment> assignment_;
    std::mutex events_mutex_;
    std::condition_variable changed_;
    std::vector<vmm::slots::PlugEvent> events_;
    std::optional<vmm::slots::HotPlug> hot_plug_;
};

}  // namespace tenon::support

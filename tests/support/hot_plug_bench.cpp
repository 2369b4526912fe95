#include "tests/support/hot_plug_bench.hpp"

#include <algorithm>
#include <utility>

namespace tenon::support {

HotPlugBench::HotPlugBench(std::chrono::milliseconds patience,
                           std::vector<model::chosen::PortRequest> ports, std::uint64_t memory)
    : plan_{model::machine::make_plan({.ports = std::move(ports)}).value()},
      memory_{vmm::board::GuestMemory::create(memory, 0xc0000000).value()} {
    for (std::size_t n = 0; n < most; ++n)
        functions_.push_back(nvme_function());
    board_.here = [this] { return chassis_.peers(); };
    assignment_ = vmm::slots::Assignment::create(plan_, opened_,
                                                 {.board = board_.parts(),
                                                  .memory = memory_,
                                                  .chassis = chassis_,
                                                  .resets = resets_,
                                                  .files = &files_})
                      .value();
    hot_plug_.emplace(
        vmm::slots::HotPlug::Outside{
            .plan = plan_,
            .opened = opened_,
            .chassis = chassis_,
            .assignment = *assignment_,
            .topology = topology_,
            .plan_arrival = [this](const auto& request, const auto& machine,
                                   auto& opened) { return planner_(request, machine, opened); },
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

HotPlugBench::~HotPlugBench() = default;

Result<std::string> HotPlugBench::add(std::size_t n, unsigned number, const std::string& port) {
    TENON_TRY(plugged, plug(n, number, port), "");
    return plugged.id;
}

Result<vmm::slots::Plugged> HotPlugBench::plug(std::size_t n, unsigned number,
                                               const std::string& port) {
    return hot_plug_->add({.device = fmt::format("{} {} {}", n, number, port)});
}

void HotPlugBench::end() {
    hot_plug_.reset();
    assignment_.reset();
}

void HotPlugBench::share_bus(const std::vector<std::size_t>& numbers) {
    std::vector<FakeFunction*> together;
    for (const auto n : numbers) {
        functions_.at(n)->info().can_reset = false;
        together.push_back(functions_.at(n).get());
    }
    FakeFunction::share_bus(together);
    on_bus_ = numbers;
}

void HotPlugBench::start_driver(unsigned port) {
    write_port(0x04, 2, 0x0006, port);
    write_port(0x84, 4, 0xfee00000, port);
    write_port(0x8c, 2, 0x0041, port);
    write_port(0x82, 2, 0x0001, port);
    write_port(0x5a, 2, 0x011f, port);
    write_port(0x58, 2, 0x1321, port);
}

std::vector<std::uint32_t> HotPlugBench::registers(unsigned port) {
    std::vector<std::uint32_t> all;
    for (std::uint16_t offset = 0; offset < 0x200; offset += 4)
        all.push_back(read_port(offset, 4, port));
    const auto bus = static_cast<std::uint8_t>(read_port(0x19, 1, port));
    for (std::uint8_t devfn = 0; devfn < 8; ++devfn)
        for (std::uint16_t offset = 0; offset < 0x200; offset += 4)
            all.push_back(topology_.read({.bus = bus, .devfn = devfn, .offset = offset}, 4));
    return all;
}

std::vector<vmm::slots::PlugEvent> HotPlugBench::events() {
    const std::lock_guard lock{events_mutex_};
    return events_;
}

bool HotPlugBench::wait_for_events(std::size_t count) {
    std::unique_lock lock{events_mutex_};
    return changed_.wait_for(lock, std::chrono::minutes{2},
                             [&] { return events_.size() >= count; });
}

Result<model::machine::Arrival> HotPlugBench::plan(const vmm::slots::PlugRequest& request,
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
    if (!facts) {
        opened.take(address);
        return std::unexpected(facts.error());
    }
    device.facts.vfio = *std::move(facts);
    auto arrival = model::machine::plan_arrival(machine, std::move(device));
    if (!arrival) opened.take(address);
    return arrival;
}

void HotPlugBench::add_bus(std::size_t n, device::DeviceFacts& facts) const {
    if (std::ranges::find(on_bus_, n) == on_bus_.end()) return;
    std::vector<device::GroupMember> neighbours;
    for (const auto other : on_bus_)
        if (other != n)
            neighbours.push_back(
                {.address = {.bus = static_cast<std::uint8_t>(other + 1)}, .driver = "vfio-pci"});
    facts.virtual_function = false;
    facts.path = std::vector<device::BridgeFacts>{{.address = {.bus = 0}}};
    facts.bus_neighbours = std::move(neighbours);
}

Result<std::unique_ptr<device::DeviceOpener>> HotPlugBench::make_opener() {
    auto made = std::make_unique<FakeOpener>();
    for (std::size_t n = 0; n < most; ++n)
        made->add({.bus = static_cast<std::uint8_t>(n + 1)}, *functions_[n]);
    made->address_space().before_map(before_map_);
    made->address_space().before_unmap(before_unmap_);
    if (fail_opener_ != 0) made->faults().fail_call(std::exchange(fail_opener_, 0u));
    opener_ = made.get();
    return made;
}

}  // namespace tenon::support

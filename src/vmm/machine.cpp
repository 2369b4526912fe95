#include "vmm/machine.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>
#include <utility>

#include "vmm/acpi/tables.hpp"
#include "vmm/board/cmos.hpp"
#include "vmm/board/config_ports.hpp"
#include "vmm/board/console.hpp"
#include "vmm/board/firmware_parts.hpp"
#include "vmm/board/layout.hpp"
#include "vmm/kvm/cpuid.hpp"
#include "vmm/loader/boot_layout.hpp"
#include "vmm/seal/seal.hpp"

namespace tenon::vmm {
namespace {

model::iommu::SourceId source_of(const acpi::ScopePath& path) {
    return static_cast<model::iommu::SourceId>(path.bus << 8 | path.device << 3 | path.function);
}

}  // namespace

Machine::~Machine() {
    if (output_) output_->finish();  // Until then it calls the serial port, which asks it back.
}

Result<std::unique_ptr<Machine>> Machine::create(BoardConfig config) {
    if (config.vcpus == 0 || config.vcpus > 255)
        return malformed("{} processors: 1 to 255 are possible", config.vcpus);
    std::unique_ptr<Machine> machine{new Machine{std::move(config)}};
    const auto& made = machine->config_;
    TENON_TRY(memory,
              board::GuestMemory::create(made.memory, made.addresses.low_memory_end, made.backing),
              "making the machine");
    machine->memory_ = std::move(memory);
    TENON_TRY(kvm, kvm::Kvm::open(made.kvm), "making the machine");
    if (made.vcpus > kvm.most_vcpus())
        return fail(Error::Kind::Unsupported, "{} processors: this KVM gives a guest {} at most",
                    made.vcpus, kvm.most_vcpus());
    machine->kvm_ = std::move(kvm);
    TENON_TRY_DO(machine->make_interrupts(), "making the machine");
    machine->slots_.emplace(*machine->vm_, machine->kvm_->memory_slots());
    TENON_TRY(output,
              board::OutputQueue::start(
                  made.output, [machine = machine.get()] { machine->serial_->output_changed(); }),
              "making the machine");
    machine->output_ = std::move(output);
    for (const auto& part : machine->memory_.parts()) {
        TENON_TRY_DO(machine->slots_->add(part.at, part.bytes), "giving the guest its memory");
        // No BAR gets there, and nobody answers what leaves the guest there all the same.
        TENON_TRY_DO(machine->memory_bus_.add(part.at.value(), part.bytes.size(), nullptr),
                     "giving the guest its memory");
    }
    return machine;
}

// The kernel's IOAPIC takes no remapped interrupts; ours does.
Result<void> Machine::make_interrupts() {
    const auto irqchip = remaps_interrupts() ? kvm::Irqchip::Split : kvm::Irqchip::Kernel;
    TENON_TRY(vm, kvm::KvmVm::create(*kvm_, irqchip), "");
    vm_ = std::move(vm);
    if (!remaps_interrupts()) {
        routes_.emplace(*vm_);
        return {};
    }
    tables_.emplace(memory_);
    routes_.emplace(*vm_, &*tables_);
    ioapic_ = std::make_shared<kvm::Ioapic>(*routes_, source_of(config_.remapping->ioapic));
    return memory_bus_.add(board::ioapic_address, kvm::Ioapic::page, ioapic_);
}

Result<void> Machine::set_pin(std::uint8_t pin, bool level) {
    return ioapic_ ? ioapic_->set_pin(kvm::Gsi{pin}, level)
                   : vm_->set_irq_line(kvm::Gsi{pin}, level);
}

Result<void> Machine::attach_devices(board::PciHost& host) {
    TENON_TRY_DO(memory_bus_.add(config_.addresses.ecam.base, config_.addresses.ecam.size,
                                 std::make_shared<board::Ecam>(host)),
                 "placing ECAM");
    serial_ = std::make_shared<board::SerialPort>(
        [this](std::uint8_t byte) {
            std::call_once(first_output_, mark, config_.timeline, "first output of the guest");
            output_->put(byte);
        },
        [this](bool level) {
            // A pin that cannot be set has no use for the guest, and nobody to tell.
            [[maybe_unused]] const auto done = set_pin(board::serial_interrupt, level);
        },
        [this] { return output_->has_room(); });
    TENON_TRY_DO(port_bus_.add(board::serial_port, board::serial_ports, serial_),
                 "placing the serial port");
    TENON_TRY_DO(
        port_bus_.add(board::power_port, board::power_ports,
                      std::make_shared<board::PowerRegisters>(
                          [this](board::MachineEnd why) { stop(why, board::EndCause::Guest); })),
        "placing the power registers");
    if (config_.firmware) TENON_TRY_DO(attach_firmware_parts(host), "");
    return routes_->commit();
}

Result<void> Machine::attach_firmware_parts(board::PciHost& host) {
    const auto reset = [this] { stop(board::MachineEnd::Reset, board::EndCause::Guest); };
    const auto passed = [begun = std::chrono::steady_clock::now()] {
        return std::chrono::steady_clock::now() - begun;
    };
    TENON_TRY_DO(port_bus_.add(board::config_port, board::config_ports,
                               std::make_shared<board::ConfigPorts>(host, reset)),
                 "placing the configuration ports");
    TENON_TRY_DO(port_bus_.add(board::timer_port, board::timer_ports,
                               std::make_shared<board::PmTimer>(passed)),
                 "placing the timer");
    TENON_TRY_DO(
        port_bus_.add(board::cmos_port, board::cmos_ports, std::make_shared<board::Cmos>()),
        "placing the clock");
    return port_bus_.add(board::reset_command_port, 1,
                         std::make_shared<board::ResetCommand>(reset));
}

Result<void> Machine::make_vcpus() {
    kvm::VcpuWorld world{
        .memory = &memory_bus_,
        .ports = &port_bus_,
        .memory_fault = [this](std::optional<GuestAddress> where) { return memory_fault_(where); },
        .end_of_interrupt = {}};
    if (ioapic_)
        world.end_of_interrupt = [ioapic = ioapic_](std::uint8_t vector) { ioapic->end(vector); };
    memory_types_ = kvm::memory_types(config_.addresses.low_memory_end,
                                      kvm::physical_address_bits(kvm_->supported_cpuid()));
    std::vector<std::uint32_t> msrs;
    if (config_.restarts) {
        TENON_TRY(indices, kvm_->msr_indices(), "making the machine");
        msrs = std::move(indices);
        if (!ioapic_) {
            TENON_TRY(controllers, kvm::IrqchipState::read(vm_->number()), "making the machine");
            interrupt_controllers_ = std::move(controllers);
        }
    }
    std::vector<std::unique_ptr<kvm::Vcpu>> made;
    const model::machine::Processors processors{.count = config_.vcpus,
                                                .apic_step = config_.apic_step};
    for (unsigned index = 0; index < config_.vcpus; ++index) {
        TENON_TRY(vcpu, kvm::Vcpu::create(*kvm_, *vm_, index, processors, world),
                  "making the machine");
        // As firmware leaves it that has more processors than the other mode can name; the guest's
        // kernel leaves those out otherwise.
        if (!processors.short_ids()) TENON_TRY_DO(vcpu->enter_x2apic_mode(), "making the machine");
        // Refused by Intel's KVM and by AMD's of older kernels: the guest then only complains.
        [[maybe_unused]] const auto refused = vcpu->set_msrs(kvm::clock_frequency_select());
        if (config_.restarts) TENON_TRY_DO(vcpu->keep_reset_state(msrs), "making the machine");
        TENON_TRY_DO(vcpu->set_msrs(memory_types_), "setting memory types");
        made.push_back(std::move(vcpu));
    }
    const MutexLock lock{mutex_};
    threads_.resize(made.size());
    vcpus_ = std::move(made);
    return {};
}

Result<void> Machine::load() {
    TENON_TRY(
        tables,
        acpi::make_tables({.addresses = config_.addresses,
                           .processors = {.count = config_.vcpus, .apic_step = config_.apic_step},
                           .intx = config_.intx,
                           .remapping = config_.remapping,
                           .firmware = config_.firmware},
                          loader::acpi_tables, loader::acpi_limit),
        "making ACPI tables");
    TENON_TRY_DO(memory_.write(loader::acpi_tables, tables), "writing ACPI tables");
    TENON_TRY_DO(memory_.write(loader::reset_vector, board::code_at_reset(board::power_port)),
                 "writing the reset vector");
    std::optional<GuestAddress> remapping;
    if (config_.remapping) remapping = config_.remapping->registers;
    TENON_TRY(entry, source_->load(memory_, config_.addresses, remapping), "");
    mark(config_.timeline, "kernel loaded");
    return vcpus().front()->enter_at(entry);
}

Result<void> Machine::prepare(board::PciHost& host) {
    TENON_TRY(source, loader::BootSource::open(config_.boot), "");
    source_ = std::move(source);
    TENON_TRY_DO(attach_devices(host), "making the machine");
    TENON_TRY_DO(make_vcpus(), "");
    return load();
}

Result<board::MachineEnd> Machine::run(board::PciHost& host) {
    if (!source_) TENON_TRY_DO(prepare(host), "before the start");
    TENON_TRY(signals, board::EndSignals::take(), "before the start");
    const auto console = board::Console::start(config_.input, *serial_, signals, [this] {
        stop(board::MachineEnd::Interrupted, board::EndCause::HostSignal);
    });
    if (!console) return std::unexpected(Error{console.error()}.during("before the start"));
    kvm::install_vcpu_signal();
    for (;;) {
        auto [ended, cause] = run_vcpus();
        if (!ended || *ended != board::MachineEnd::Reset || !config_.restarts) {
            output_->finish();
            event_({.kind = board::MachineEvent::Kind::Ended,
                    .cause = cause,
                    .end = ended.value_or(board::MachineEnd::Interrupted)});
            return ended;
        }
        TENON_TRY_DO(reset(host), "starting the guest again");
        event_({.kind = board::MachineEvent::Kind::Reset, .cause = cause});
    }
}

std::pair<Result<board::MachineEnd>, board::EndCause> Machine::run_vcpus() {
    std::vector<std::jthread> threads;
    threads.reserve(config_.vcpus);
    for (std::size_t index = 0; index < config_.vcpus; ++index)
        threads.emplace_back([this, index] { run_vcpu(index); });
    if (const auto started = std::exchange(started_, {})) started();
    threads.clear();  // Joins them all.
    const MutexLock lock{mutex_};
    return {*end_, cause_};
}

// In the order in which nothing of the old guest reaches the new one: devices stop to write into
// memory before the kernel is put there, and interrupts end before their controllers are reset.
Result<void> Machine::reset(board::PciHost& host) {
    host.restart();
    serial_->reset();
    for (auto* const vcpu : vcpus()) {
        TENON_TRY_DO(vcpu->reset(), "");
        TENON_TRY_DO(vcpu->set_msrs(memory_types_), "setting memory types");
    }
    TENON_TRY_DO(interrupt_controllers_.restore(vm_->number()), "");
    if (ioapic_) ioapic_->reset();
    // Where firmware leaves its words: the next kernel must not find the last one's.
    TENON_TRY(first, memory_.span(GuestAddress{0}, loader::kernel_floor), "clearing memory");
    std::ranges::fill(first, std::byte{0});
    TENON_TRY_DO(load(), "");
    const MutexLock lock{mutex_};
    // Whoever wanted an end meanwhile gets it: run_vcpu() looks before it runs.
    if (end_ && *end_ && **end_ == board::MachineEnd::Reset) end_.reset();
    return {};
}

// Waits while the machine is paused. The vCPU that is to run; null: the machine has ended.
kvm::Vcpu* Machine::may_run(std::size_t index) {
    const MutexLock lock{mutex_};
    threads_[index].reset();
    changed_.wake();
    while (paused_ && !end_)
        changed_.wait(mutex_);
    if (end_) return nullptr;
    vcpus_[index]->go_on();
    output_->allow_waiting();
    threads_[index] = ::pthread_self();
    return vcpus_[index].get();
}

void Machine::run_vcpu(std::size_t index) {
    seal::enter(seal::ThreadKind::Vcpu);
    if (index == 0) mark(config_.timeline, "first instruction of the guest's kernel");
    while (auto* const vcpu = may_run(index)) {
        auto ran = vcpu->run();
        // A vCPU that returns without an error was stopped, and the reason is there.
        if (!ran) end(std::unexpected(std::move(ran).error()), board::EndCause::Crash);
    }
}

// What ended the guest starts it again.
bool Machine::restarting() const {
    return config_.restarts && end_ && *end_ && **end_ == board::MachineEnd::Reset;
}

void Machine::stop(board::MachineEnd why, board::EndCause cause) { end(why, cause); }

void Machine::on_ending(std::function<void()> listener) {
    ending_.set(std::move(listener));
    {
        const MutexLock lock{mutex_};
        if (!end_ || restarting()) return;
    }
    ending_();
}

void Machine::fail_with(Error why) {
    end(std::unexpected(std::move(why)), board::EndCause::HostError);
}

void Machine::end(Result<board::MachineEnd> why, board::EndCause cause) {
    {
        const MutexLock lock{mutex_};
        if (!end_ || restarting()) {
            end_ = std::move(why);
            cause_ = cause;
        }
        output_->stop_waiting();
        changed_.wake();
        for (std::size_t index = 0; index < vcpus_.size(); ++index)
            vcpus_[index]->stop(threads_[index]);
        if (restarting()) return;
    }
    ending_();
}

// A vCPU that is let run.
std::optional<std::size_t> Machine::running() const {
    const auto found =
        std::ranges::find_if(threads_, [](const auto& one) { return one.has_value(); });
    if (found == threads_.end()) return std::nullopt;
    return found - threads_.begin();
}

std::vector<kvm::Vcpu*> Machine::vcpus() const {
    const MutexLock lock{mutex_};
    std::vector<kvm::Vcpu*> all;
    std::ranges::transform(vcpus_, std::back_inserter(all), &std::unique_ptr<kvm::Vcpu>::get);
    return all;
}

Result<void> Machine::pause() {
    {
        const MutexLock lock{mutex_};
        if (paused_ || (end_ && !restarting())) return {};
        paused_ = true;
        output_->stop_waiting();
        for (std::size_t index = 0; index < vcpus_.size(); ++index)
            vcpus_[index]->stop(threads_[index]);
        const auto end = std::chrono::steady_clock::now() + config_.pause_patience;
        for (bool in_time = true; in_time && running();)
            in_time = changed_.wait_until(mutex_, end);
        if (const auto late = running()) {
            paused_ = false;
            changed_.wake();
            // It may be in an access that we carry out, or in the kernel: nothing tells us.
            return fail(Error::Kind::Busy,
                        "processor {} of the guest has not stopped within {:g} seconds, for a "
                        "reason that is not known here; the guest goes on",
                        *late, std::chrono::duration<double>{config_.pause_patience}.count());
        }
    }
    event_({.kind = board::MachineEvent::Kind::Paused});
    return {};
}

void Machine::resume() {
    {
        const MutexLock lock{mutex_};
        if (!paused_) return;
        paused_ = false;
        for (const auto& vcpu : vcpus_)
            vcpu->tell_of_pause();
        changed_.wake();
    }
    event_({.kind = board::MachineEvent::Kind::Resumed});
}

bool Machine::paused() const {
    const MutexLock lock{mutex_};
    return paused_;
}

Result<void> Machine::press_power_button() {
    // An edge: the controller has seen it when the line falls again.
    TENON_TRY_DO(set_pin(board::power_button_interrupt, true), "pressing the power button");
    TENON_TRY_DO(set_pin(board::power_button_interrupt, false), "releasing the power button");
    event_({.kind = board::MachineEvent::Kind::PowerButton});
    return {};
}

}  // namespace tenon::vmm

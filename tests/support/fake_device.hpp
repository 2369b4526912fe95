// A host function without a host: what VFIO would do with it, over memory of our own.
//
// FakeFunction is the function in its slot, which a test sets up and looks at; FakeDevice is the
// function opened; FakeOpener opens several into one FakeAddressSpace. The function must outlive
// what is opened of it.
//
//     FakeFunction nvme{config};
//     nvme.add_bar(0, 0x4000);
//     nvme.irq(IrqIndex::Msix).count = 8;
//     FakeDevice opened{nvme};
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/event_fd.hpp"
#include "base/fd.hpp"
#include "device/control.hpp"
#include "device/facts.hpp"
#include "tests/support/faults.hpp"

namespace tenon::support {

/// One write that reached the function's configuration space.
struct ConfigWrite {
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;

    bool operator==(const ConfigWrite&) const = default;
};

/// The function itself. Not copyable: what is opened of it points here. Calls of what is opened may
/// come from any thread, as the kernel takes them; who looks at the function meanwhile takes care.
class FakeFunction {
public:
    /// A function with this configuration space, no BAR, no interrupt, and a reset of its own.
    explicit FakeFunction(const pci::ConfigImage& config);

    /// Gives it a BAR of `size` bytes (a power of two, at least 4096) of real, mappable memory.
    void add_bar(unsigned index, std::uint64_t size);

    /// Gives it an option ROM of `size` zeros, to be written there; mappable it is not.
    std::span<std::byte> add_rom(std::uint64_t size);

    /// To set up: what an interrupt index, a region, the device information say.
    device::IrqFacts& irq(device::IrqIndex index);
    device::RegionFacts& region(unsigned index) { return regions_.at(index); }
    device::DeviceInfo& info() { return info_; }

    /// Only so many MSI and MSI-X vectors can be had from the host.
    void limit_vectors(std::uint32_t available) { available_ = available; }

    /// The kernel gives out BARs as files; it does from the start.
    void give_bar_files(bool on) { gives_bar_files_ = on; }

    /// Faults of every call on what is opened of it: facts, read, write, map, vectors, reset.
    Faults& faults() { return faults_; }

    /// The configuration space as it is now. BARs answer sizing as the kernel's virtual ones do.
    pci::ConfigImage& config() { return config_; }

    /// The memory of a BAR; the same that read(), write() and map() reach.
    std::span<std::byte> bar(unsigned index) { return bars_.at(index).memory.bytes(); }

    /// The event of each allocated vector of `index`, no_event for one without; empty if it is off.
    const std::vector<int>& vectors(device::IrqIndex index) const;

    /// Lets the function raise a vector; nothing happens if it has no event.
    void trigger(device::IrqIndex index, std::uint32_t vector) const;

    /// Raises INTx until it is lowered, as VFIO sees it: the event is signalled, and the host masks
    /// it until it is unmasked; what is still raised then is signalled again.
    void raise_intx();
    void lower_intx();
    bool intx_masked() const;
    /// The event that unmasks INTx; no_event if there is none.
    int intx_unmask_event() const { return intx_unmask_event_; }

    /// Called between the moment an index goes off and the one it is on again, by what is opened of
    /// it: what a device does that cannot wait.
    void while_off(std::function<void()> action) { while_off_ = std::move(action); }
    /// Called when a reset of it, or of its bus, has been asked for and has not begun.
    void before_reset(std::function<void()> action) { before_reset_ = std::move(action); }

    /// Puts it on a bus of the host with others, which a reset of that bus resets together. Alone
    /// on one without.
    static void share_bus(const std::vector<FakeFunction*>& all);
    const std::vector<FakeFunction*>& others_on_bus() const { return others_on_bus_; }
    void reset_bus();

    /// How often its bus was reset, and whether that ever hit it while it answered or had
    /// interrupts.
    unsigned bus_resets() const { return bus_resets_; }
    bool disturbed() const { return disturbed_; }

    /// What happened so far. Resets of the bus count as well.
    unsigned resets() const { return resets_; }
    unsigned opened() const { return opened_; }
    const std::vector<ConfigWrite>& config_writes() const { return config_writes_; }

private:
    friend class FakeDevice;

    struct Bar {
        Fd file;
        Mapping memory;
    };

    void hit_by_bus();
    bool decodes(unsigned region) const;
    void write_config(std::uint64_t offset, std::span<const std::byte> in);
    void keep_bar_size(unsigned index);
    void reset();
    void tell_intx();

    /// Whoever is in a call. Recursive: what while_off() was given may call.
    mutable std::recursive_mutex calls_;
    pci::ConfigImage config_;
    std::array<device::RegionFacts, device::config_region + 1> regions_;
    std::array<device::IrqFacts, device::irq_index_count> irqs_;
    device::DeviceInfo info_{.can_reset = true, .atomic_completer = std::nullopt};
    std::array<Bar, device::bar_count> bars_;
    std::vector<std::byte> rom_;
    std::array<std::vector<int>, device::irq_index_count> vectors_;
    bool intx_raised_ = false;
    bool intx_masked_ = false;
    int intx_unmask_event_ = device::DeviceControl::no_event;
    std::function<void()> while_off_;
    std::function<void()> before_reset_;
    bool gives_bar_files_ = true;
    std::uint32_t available_ = 0xffffffff;
    Faults faults_;
    std::vector<FakeFunction*> others_on_bus_;
    unsigned bus_resets_ = 0;
    bool disturbed_ = false;
    int kvm_file_ = -1;  ///< Of what is opened of it.
    unsigned resets_ = 0;
    unsigned opened_ = 0;
    std::vector<ConfigWrite> config_writes_;
};

/// The function, opened as by VFIO. Destruction switches interrupts off and resets it.
class FakeDevice final : public device::DeviceControl {
public:
    explicit FakeDevice(FakeFunction& function);
    ~FakeDevice() override;

    Result<device::VfioFacts> facts() override;
    Result<void> read(unsigned region, std::uint64_t offset, std::span<std::byte> out) override;
    Result<void> write(unsigned region, std::uint64_t offset,
                       std::span<const std::byte> in) override;
    Result<Mapping> map(unsigned region, const device::MmapArea& area) override;
    Result<device::Offer> set_vectors(device::IrqIndex index, std::uint32_t first,
                                      std::span<const int> events) override;
    Result<void> unmask_intx() override;
    Result<void> unmask_intx_on(int event) override;
    Result<void> disable_vectors(device::IrqIndex index) override;
    Result<void> reset() override;
    Result<void> hot_reset(std::span<const int> owners) override;
    /// A file of the BAR's own memory.
    Result<Fd> bar_file(unsigned bar, const device::MmapArea& area) override;
    int kvm_file() const override { return kvm_file_.number(); }

private:
    Result<void> begin(std::string_view what);
    Result<std::span<std::byte>> memory(unsigned region, std::uint64_t offset, std::size_t size);

    FakeFunction* function_;
    EventFd kvm_file_;
};

/// Records what devices may reach by DMA.
class FakeAddressSpace final : public device::AddressSpace {
public:
    explicit FakeAddressSpace(Faults& faults, device::BarMaps bar_maps = device::BarMaps::ByFile)
        : faults_{&faults}, bar_maps_{bar_maps} {}

    Result<void> map(Iova at, const device::DmaMemory& given) override;
    device::BarMaps bar_maps() const override { return bar_maps_; }
    Result<void> map_bar(Iova at, const device::DmaMemory& bar) override;
    Result<void> unmap(Iova at, std::uint64_t size) override;

    /// What is mapped now, BARs among it.
    const std::map<Iova, std::span<std::byte>>& mapped() const { return mapped_; }

    /// Called before each piece of memory comes or goes.
    void before_map(std::function<void()> action) { before_map_ = std::move(action); }
    void before_unmap(std::function<void()> action) { before_unmap_ = std::move(action); }

    /// Bytes of BARs by where they are mapped.
    const std::map<Iova, std::uint64_t>& bars() const { return bars_; }

private:
    Faults* faults_;
    device::BarMaps bar_maps_;
    std::mutex calls_;
    std::function<void()> before_map_;
    std::function<void()> before_unmap_;
    std::map<Iova, std::span<std::byte>> mapped_;
    std::map<Iova, std::uint64_t> bars_;
};

/// Opens the functions that were added, by their address.
class FakeOpener final : public device::DeviceOpener {
public:
    void add(const pci::Address& address, FakeFunction& function);

    Result<std::unique_ptr<device::DeviceControl>> open(const device::DeviceFacts& facts,
                                                        const device::Access& access) override;
    device::Interface interface() const override { return device::Interface::Iommufd; }
    FakeAddressSpace& address_space() override { return space_; }

    /// Faults of open() and of the address space.
    Faults& faults() { return faults_; }

private:
    Faults faults_;
    FakeAddressSpace space_{faults_};
    std::map<pci::Address, FakeFunction*> functions_;
};

}  // namespace tenon::support

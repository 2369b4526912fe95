#include "tests/support/fake_device.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace tenon::support {
namespace {

using device::IrqIndex;

// Offsets in the configuration header. Source: PCIe Base Spec 6.0, 7.5.1.1 and 7.5.1.2.1.
constexpr std::size_t command = 0x04;
constexpr std::size_t first_bar = 0x10;
constexpr std::uint16_t memory_enable = 0x0002;
constexpr std::uint32_t memory_64bit = 0x4;

std::size_t number_of(IrqIndex index) { return static_cast<std::size_t>(index); }

}  // namespace

FakeFunction::FakeFunction(const pci::ConfigImage& config) : config_{config} {
    regions_.at(device::config_region) = {
        .size = config.known(),
        .offset = std::uint64_t{device::config_region} << 40,
        .readable = true,
        .writable = true,
        .areas = {},
    };
}

void FakeFunction::add_bar(unsigned index, std::uint64_t size) {
    Bar& bar = bars_.at(index);
    bar.file = Fd{::memfd_create("fake BAR", MFD_CLOEXEC)};
    [[maybe_unused]] const int sized = ::ftruncate(bar.file.number(), static_cast<off_t>(size));
    bar.memory = Mapping::map({.fd = bar.file.number(), .size = size}, "fake BAR").value();
    regions_.at(index) = {
        .size = size,
        .offset = std::uint64_t{index} << 40,
        .readable = true,
        .writable = true,
        .mappable = true,
        .areas = {},
    };
}

std::span<std::byte> FakeFunction::add_rom(std::uint64_t size) {
    rom_.resize(size);
    regions_.at(device::rom_region) = {
        .size = size,
        .offset = std::uint64_t{device::rom_region} << 40,
        .readable = true,
        .areas = {},
    };
    return rom_;
}

device::IrqFacts& FakeFunction::irq(IrqIndex index) { return irqs_.at(number_of(index)); }

const std::vector<int>& FakeFunction::vectors(IrqIndex index) const {
    return vectors_.at(number_of(index));
}

void FakeFunction::trigger(IrqIndex index, std::uint32_t vector) const {
    const auto& events = vectors(index);
    if (vector >= events.size() || events[vector] == device::DeviceControl::no_event) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(events[vector], &one, sizeof one);
}

void FakeFunction::raise_intx() {
    const std::lock_guard lock{calls_};
    intx_raised_ = true;
    tell_intx();
}

void FakeFunction::lower_intx() {
    const std::lock_guard lock{calls_};
    intx_raised_ = false;
}

bool FakeFunction::intx_masked() const {
    const std::lock_guard lock{calls_};
    return intx_masked_;
}

void FakeFunction::tell_intx() {
    if (!intx_raised_ || intx_masked_ || vectors(IrqIndex::Intx).empty()) return;
    intx_masked_ = true;
    trigger(IrqIndex::Intx, 0);
}

bool FakeFunction::decodes(unsigned region) const {
    return region >= device::bar_count || (config_.read16(command) & memory_enable) != 0;
}

void FakeFunction::write_config(std::uint64_t offset, std::span<const std::byte> in) {
    config_writes_.push_back({.offset = offset, .bytes = {in.begin(), in.end()}});
    std::array<std::uint32_t, device::bar_count> flags{};
    for (unsigned index = 0; index < device::bar_count; ++index)
        flags.at(index) = config_.read32(first_bar + 4 * std::size_t{index}) & 0xf;
    std::ranges::copy(in, config_.bytes().subspan(offset, in.size()).begin());
    for (unsigned index = 0; index < device::bar_count; ++index) {
        const std::size_t at = first_bar + 4 * std::size_t{index};
        if (regions_.at(index).size == 0) continue;
        config_.write<std::uint32_t>(at, (config_.read32(at) & ~0xfu) | flags.at(index));
        keep_bar_size(index);
    }
}

void FakeFunction::keep_bar_size(unsigned index) {
    const std::size_t at = first_bar + 4 * std::size_t{index};
    const std::uint64_t mask = ~(regions_.at(index).size - 1);
    const std::uint32_t low = config_.read32(at);
    config_.write<std::uint32_t>(at, (low & static_cast<std::uint32_t>(mask)) | (low & 0xf));
    if ((low & 0x6) != memory_64bit) return;
    const std::uint32_t high = config_.read32(at + 4);
    config_.write<std::uint32_t>(at + 4, high & static_cast<std::uint32_t>(mask >> 32));
}

// The kernel saves configuration space around a reset; the registers behind BARs are lost.
void FakeFunction::reset() {
    ++resets_;
    for (auto& bar : bars_)
        std::ranges::fill(bar.memory.bytes(), std::byte{0});
}

void FakeFunction::share_bus(const std::vector<FakeFunction*>& all) {
    for (auto* const one : all) {
        one->others_on_bus_ = all;
        std::erase(one->others_on_bus_, one);
    }
}

void FakeFunction::hit_by_bus() {
    const bool answers = (config_.read16(command) & 0x0007) != 0;
    const bool interrupts =
        std::ranges::any_of(std::array{IrqIndex::Intx, IrqIndex::Msi, IrqIndex::Msix},
                            [this](auto index) { return !vectors(index).empty(); });
    disturbed_ = disturbed_ || answers || interrupts;
    ++bus_resets_;
    reset();
}

void FakeFunction::reset_bus() {
    hit_by_bus();
    for (auto* const other : others_on_bus_)
        other->hit_by_bus();
}

FakeDevice::FakeDevice(FakeFunction& function)
    : function_{&function}, kvm_file_{EventFd::create().value()} {
    ++function_->opened_;
    function_->kvm_file_ = kvm_file_.number();
}

FakeDevice::~FakeDevice() {
    const std::lock_guard lock{function_->calls_};
    for (auto& vectors : function_->vectors_)
        vectors.clear();
    function_->reset();
    --function_->opened_;
}

Result<void> FakeDevice::begin(std::string_view what) {
    if (const auto error = function_->faults_.next()) return fail_system(*error, what);
    return {};
}

Result<device::VfioFacts> FakeDevice::facts() {
    const std::lock_guard lock{function_->calls_};
    TENON_TRY_DO(begin("fake device information"), "");
    return device::VfioFacts{
        .config = function_->config_,
        .regions = function_->regions_,
        .irqs = function_->irqs_,
        .info = function_->info_,
    };
}

Result<std::span<std::byte>> FakeDevice::memory(unsigned region, std::uint64_t offset,
                                                std::size_t size) {
    if (region > device::config_region)
        return fail_system(EINVAL, fmt::format("region {}", region));
    const std::uint64_t whole = function_->regions_.at(region).size;
    if (offset > whole || size > whole - offset || !function_->decodes(region))
        return fail_system(EIO, fmt::format("region {} at {:#x}", region, offset));
    if (region == device::config_region) return function_->config_.bytes().subspan(offset, size);
    if (region == device::rom_region) return std::span{function_->rom_}.subspan(offset, size);
    return function_->bars_.at(region).memory.bytes().subspan(offset, size);
}

Result<void> FakeDevice::read(unsigned region, std::uint64_t offset, std::span<std::byte> out) {
    const std::lock_guard lock{function_->calls_};
    TENON_TRY_DO(begin(fmt::format("reading region {}", region)), "");
    TENON_TRY(from, memory(region, offset, out.size()), "reading");
    std::ranges::copy(from, out.begin());
    return {};
}

Result<void> FakeDevice::write(unsigned region, std::uint64_t offset,
                               std::span<const std::byte> in) {
    const std::lock_guard lock{function_->calls_};
    TENON_TRY_DO(begin(fmt::format("writing region {}", region)), "");
    TENON_TRY(to, memory(region, offset, in.size()), "writing");
    if (region == device::config_region)
        function_->write_config(offset, in);
    else
        std::ranges::copy(in, to.begin());
    return {};
}

Result<Mapping> FakeDevice::map(unsigned region, const device::MmapArea& area) {
    const std::lock_guard lock{function_->calls_};
    const auto what = fmt::format("mapping region {}", region);
    TENON_TRY_DO(begin(what), "");
    if (region >= device::bar_count || !function_->regions_.at(region).mappable)
        return fail_system(EINVAL, what);
    const std::uint64_t whole = function_->regions_.at(region).size;
    if (area.offset > whole || area.size > whole - area.offset) return fail_system(EINVAL, what);
    return Mapping::map(
        {.fd = function_->bars_.at(region).file.number(), .offset = area.offset, .size = area.size},
        what);
}

Result<device::Offer> FakeDevice::set_vectors(IrqIndex index, std::uint32_t first,
                                              std::span<const int> events) {
    const std::lock_guard lock{function_->calls_};
    const auto what = fmt::format("setting vectors of interrupt index {}", number_of(index));
    TENON_TRY_DO(begin(what), "");
    const auto& facts = function_->irqs_.at(number_of(index));
    auto& active = function_->vectors_.at(number_of(index));
    const std::uint64_t end = std::uint64_t{first} + events.size();
    if (events.empty() || end > facts.count) return fail_system(EINVAL, what);

    // INTx, MSI and MSI-X exclude each other; error and request are beside them.
    const auto wired = {IrqIndex::Intx, IrqIndex::Msi, IrqIndex::Msix};
    for (const auto other : wired)
        if (other != index && std::ranges::find(wired, index) != wired.end() &&
            !function_->vectors(other).empty())
            return fail_system(EINVAL, what);
    if (end > active.size()) {
        if (!active.empty() && facts.noresize) return fail_system(EINVAL, what);
        if (end > function_->available_) return device::Offer{function_->available_};
        active.resize(end, no_event);
    }
    std::ranges::copy(events, active.begin() + first);
    return device::Offer{};
}

Result<void> FakeDevice::unmask_intx() {
    const std::lock_guard lock{function_->calls_};
    TENON_TRY_DO(begin("unmasking INTx"), "");
    if (function_->vectors(IrqIndex::Intx).empty()) return fail_system(EINVAL, "unmasking INTx");
    function_->intx_masked_ = false;
    function_->tell_intx();
    return {};
}

Result<void> FakeDevice::unmask_intx_on(int event) {
    const std::lock_guard lock{function_->calls_};
    TENON_TRY_DO(begin("unmasking INTx by an event"), "");
    if (function_->vectors(IrqIndex::Intx).empty() || !function_->irq(IrqIndex::Intx).maskable)
        return fail_system(EINVAL, "unmasking INTx by an event");
    function_->intx_unmask_event_ = event;
    return {};
}

Result<void> FakeDevice::disable_vectors(IrqIndex index) {
    const std::lock_guard lock{function_->calls_};
    TENON_TRY_DO(begin(fmt::format("disabling interrupt index {}", number_of(index))), "");
    function_->vectors_.at(number_of(index)).clear();
    if (index == IrqIndex::Intx) {
        function_->intx_masked_ = false;
        function_->intx_unmask_event_ = no_event;
    }
    if (function_->while_off_) function_->while_off_();
    return {};
}

Result<void> FakeDevice::reset() {
    if (function_->before_reset_) function_->before_reset_();
    const std::lock_guard lock{function_->calls_};
    TENON_TRY_DO(begin("resetting the fake device"), "");
    if (!function_->info_.can_reset)
        return fail(Error::Kind::Unsupported, "the fake device has no reset of its own");
    function_->reset();
    return {};
}

Result<void> FakeDevice::hot_reset(std::span<const int> owners) {
    if (function_->before_reset_) function_->before_reset_();
    const std::lock_guard lock{function_->calls_};
    constexpr auto what = "resetting the bus above the fake device";
    TENON_TRY_DO(begin(what), "");
    const auto owned = [&](const FakeFunction& one) {
        return one.opened_ != 0 && std::ranges::find(owners, one.kvm_file_) != owners.end();
    };
    if (!owned(*function_)) return fail_system(EINVAL, what);
    for (const auto* const other : function_->others_on_bus_)
        if (!owned(*other)) return fail_system(EINVAL, what);
    function_->reset_bus();
    return {};
}

Result<Fd> FakeDevice::bar_file(unsigned bar, const device::MmapArea& area) {
    const std::lock_guard lock{function_->calls_};
    const auto what = fmt::format("a dma-buf of region {}", bar);
    TENON_TRY_DO(begin(what), "");
    if (!function_->gives_bar_files_)
        return std::unexpected(
            Error{.kind = Error::Kind::Unsupported, .what = what, .os_error = ENOTTY, .hint = ""});
    if (bar >= device::bar_count || area.offset % 4096 != 0 || area.size % 4096 != 0)
        return fail_system(EINVAL, what);
    // The kernel gives it out, and maps nothing of it.
    if (!function_->decodes(bar)) return fail_system(ENODEV, what);
    TENON_TRY_DO(memory(bar, area.offset, area.size), what);
    return Fd{::dup(function_->bars_.at(bar).file.number())};
}

Result<void> FakeAddressSpace::map_bar(Iova at, const device::DmaMemory& bar) {
    const bool by_file = bar.file != device::DmaMemory::no_file;
    if (bar_maps_ == device::BarMaps::ByFile && !by_file) return fail_system(EFAULT, "no file");
    TENON_TRY_DO(map(at, bar), "");
    const std::lock_guard lock{calls_};
    bars_.emplace(at, bar.bytes.size());
    return {};
}

Result<void> FakeAddressSpace::map(Iova at, const device::DmaMemory& given) {
    if (before_map_) before_map_();
    const std::lock_guard lock{calls_};
    const auto memory = given.bytes;
    const auto what = fmt::format("mapping {:#x} bytes at {:#x}", memory.size(), at.value());
    if (const auto error = faults_->next()) return fail_system(*error, what);
    if (at.value() % 4096 != 0 || memory.size() % 4096 != 0 || memory.empty())
        return fail_system(EINVAL, what);
    const auto next = mapped_.lower_bound(at);
    if (next != mapped_.end() && next->first.value() - at.value() < memory.size())
        return fail_system(EEXIST, what);
    if (next != mapped_.begin()) {
        const auto& [start, size] = *std::prev(next);
        if (at.value() - start.value() < size.size()) return fail_system(EEXIST, what);
    }
    mapped_.emplace(at, memory);
    return {};
}

Result<void> FakeAddressSpace::unmap(Iova at, std::uint64_t size) {
    if (before_unmap_) before_unmap_();
    const std::lock_guard lock{calls_};
    const auto what = fmt::format("unmapping {:#x} bytes at {:#x}", size, at.value());
    if (const auto error = faults_->next()) return fail_system(*error, what);
    const auto found = mapped_.find(at);
    if (found == mapped_.end() || found->second.size() != size) return fail_system(ENOENT, what);
    mapped_.erase(found);
    bars_.erase(at);
    return {};
}

void FakeOpener::add(const pci::Address& address, FakeFunction& function) {
    functions_[address] = &function;
}

Result<std::unique_ptr<device::DeviceControl>> FakeOpener::open(const device::DeviceFacts& facts,
                                                                const device::Access& /*access*/) {
    const auto what = fmt::format("opening {}", facts.source);
    if (const auto error = faults_.next()) return fail_system(*error, what);
    const auto found = facts.address ? functions_.find(*facts.address) : functions_.end();
    if (found == functions_.end()) return fail_system(ENODEV, what);
    if (found->second->opened() != 0) return fail_system(EBUSY, what);
    return std::make_unique<FakeDevice>(*found->second);
}

}  // namespace tenon::support

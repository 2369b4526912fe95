#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "base/text.hpp"
#include "managed/traps/families.hpp"

namespace tenon::managed::traps {
namespace {

// Bytes of memory that are mapped for devices, and who maps them. None: nothing is, or nobody
// knows how much.
struct Locked {
    std::uint64_t size = 0;
    std::uint64_t times = 1;  // Address spaces, each with all of it.
    const Assigned* first = nullptr;
    const said::Option* viommu = nullptr;

    std::uint64_t all() const {
        return size > std::numeric_limits<std::uint64_t>::max() / times
                   ? std::numeric_limits<std::uint64_t>::max()
                   : size * times;
    }

    std::string words() const {
        return times == 1 ? format_size(size)
                          : fmt::format("{} times {}", times, format_size(size));
    }
};

// Behind a vIOMMU each function has its own address space, or shares it with its IOMMU group: those
// of one slot of the host are counted once.
std::optional<Locked> locked_memory(const Case& of) {
    Locked locked;
    std::set<pci::Address> slots;
    std::uint64_t others = 0;
    for (const auto& one : of.assigned()) {
        if (said::is_mediated(*one.option)) continue;
        if (locked.first == nullptr) locked.first = &one;
        if (!one.host) {
            ++others;
            continue;
        }
        auto slot = *one.host;
        slot.function = 0;
        slots.insert(slot);
    }
    const auto* const size = of.configuration.memory.find("size");
    const auto bytes = size == nullptr ? std::nullopt : said::parse_size(size->text, mebibyte);
    if (locked.first == nullptr || !bytes) return std::nullopt;
    locked.size = *bytes;
    const auto& devices = of.configuration.devices;
    const auto viommu = std::ranges::find_if(
        devices, [](const said::Option& one) { return guest::is_viommu(one.type); });
    if (viommu != devices.end()) {
        locked.viommu = &*viommu;
        locked.times = std::max<std::uint64_t>(slots.size() + others, 1);
    }
    return locked;
}

Evidence evidence_of(const said::LockLimit& limit) {
    return {.place = limit.note.place, .word = limit.note.word};
}

void small_hard_limit(const Case& of, Notes& notes) {
    // What QEMU takes beside the guest's memory, at least.
    constexpr std::uint64_t own = 256 * mebibyte;
    const auto& limit = of.configuration.lock_limit;
    const auto locked = locked_memory(of);
    if (!limit || !limit->is_said || !locked) return;
    const auto all = locked->all();
    if (limit->bytes >= own && limit->bytes - own >= all) return;
    notes.found({.what = fmt::format("the hard limit of {} does not hold the guest's memory, {}, "
                                     "and what QEMU takes itself",
                                     format_size(limit->bytes), locked->words()),
                 .evidence = {evidence_of(*limit), quote(*locked->first->option)},
                 .change = "leave the limit out: libvirt reckons how much has to be locked"});
}

void viommu_not_counted(const Case& of, Notes& notes) {
    const auto& limit = of.configuration.lock_limit;
    const auto locked = locked_memory(of);
    if (!limit || limit->is_said || !locked || locked->viommu == nullptr ||
        limit->bytes >= locked->all())
        return;
    notes.found({.what = fmt::format("libvirt lets QEMU lock {}, and behind {} the guest's memory "
                                     "is mapped {} times: {}",
                                     format_size(limit->bytes), locked->viommu->type, locked->times,
                                     format_size(locked->all())),
                 .evidence = {quote(*locked->viommu), evidence_of(*limit)},
                 .change = "describe the vIOMMU by an element of libvirt's own, which it counts",
                 .paste = {"<iommu model='intel'>", "  <driver caching_mode='on'/>", "</iommu>"}});
}

void not_lockable(const Case& of, Notes& notes) {
    const auto locked = locked_memory(of);
    // Managers raise the limit.
    if (!of.host.lock_limit || !locked || of.configuration.manager != said::Manager::Qemu ||
        *of.host.lock_limit >= locked->all())
        return;
    notes.found({.what = fmt::format("{} of memory have to be locked, and this user may lock {}",
                                     locked->words(), format_size(*of.host.lock_limit)),
                 .evidence = {quote("-m", *of.configuration.memory.find("size")),
                              quote(*locked->first->option)},
                 .change = "raise the limit of locked memory, in /etc/security/limits.conf or for "
                           "the service, or start QEMU as root"});
}

constexpr auto memory_traps = std::to_array<Trap>(
    {{.name = "hard-limit",
      .kind = Kind::FailsToStart,
      .why = "it is the limit of locked memory as well, and all memory is locked for a device; "
             "above it the kernel ends QEMU",
      .source = "libvirt 12.9, docs/formatdomain, memtune, and qemuDomainGetMemLockLimitBytes",
      .look = small_hard_limit},
     {.name = "viommu-not-counted",
      .kind = Kind::FailsToStart,
      .why = "libvirt multiplies the limit of locked memory by the functions only for a vIOMMU "
             "that is an element of its own",
      .source = "libvirt 12.9, qemuDomainGetMemLockLimitBytes; kubevirt/kubevirt#18915",
      .look = viommu_not_counted},
     {.name = "memory-not-lockable",
      .kind = Kind::FailsToStart,
      .why = "a device may write to every page at any time, so all of them are locked",
      .source = "Linux, drivers/vfio/vfio_iommu_type1.c; seapath/meta-seapath#166",
      .look = not_lockable}});

}  // namespace

std::span<const Trap> traps_of_memory() { return memory_traps; }

}  // namespace tenon::managed::traps

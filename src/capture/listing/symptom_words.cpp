#include "capture/listing/symptom_words.hpp"

#include <fmt/ranges.h>

#include <string>
#include <string_view>
#include <vector>

#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {
namespace {

using Kind = Symptom::Kind;

std::string_view meaning_of(Kind kind) {
    switch (kind) {
        case Kind::IntxBusy:
            return "its INTx could not be had: the device cannot mask it in its registers, and "
                   "another device of the host is on the same line. intx=off goes without it; MSI "
                   "and MSI-X stay";
        case Kind::CannotReserve:
            return "somebody of the host has its BAR, mostly the console that the firmware left "
                   "(efifb, simplefb): video=efifb:off or initcall_blacklist=sysfb_init on the "
                   "kernel's command line, or unbind the console";
        case Kind::NotViable:
            return "a function of its group was bound to a driver of the host: all but bridges "
                   "have "
                   "to be bound to vfio-pci or to nothing";
        case Kind::NoRemapping:
            return "its host does not remap interrupts, so VFIO refuses it: switch interrupt "
                   "remapping on in the firmware; allow_unsafe_interrupts=1 of vfio_iommu_type1 "
                   "lets a guest raise any interrupt of the host";
        case Kind::ReservedRegion:
            return "the firmware keeps memory mapped for it (RMRR), so the kernel gives it to "
                   "nobody: a firmware update or an option of it, or another slot";
        case Kind::NotReady:
            return "it did not come back from a reset: it can be dead for the next guest until the "
                   "host is switched off and on";
        case Kind::NoAtomics:
            return "its driver found that none of its AtomicOps complete: a port on the way to the "
                   "root does not route them or blocks them, or the Root Port completes none; "
                   "lspci -vvv of the ports above it tells which";
        case Kind::NoIommu:
            return "VFIO found no IOMMU: switch it on in the firmware and on the kernel's command "
                   "line, or load vfio_iommu_type1";
    }
    return "";
}

bool is_about(const Symptom& symptom, const Said& said) {
    if (symptom.address) return *symptom.address == said.address;
    if (symptom.group && symptom.kind == Kind::NotViable)
        return said.group && *said.group == *symptom.group;
    return symptom.kind != Kind::CannotReserve && symptom.kind != Kind::NotReady;
}

// What keeps the function from everybody, where the line is of it and of no other.
bool is_refusal(const Symptom& symptom) {
    if (!symptom.address && !symptom.group) return false;
    return symptom.kind == Kind::NotViable || symptom.kind == Kind::NoRemapping ||
           symptom.kind == Kind::ReservedRegion || symptom.kind == Kind::NoIommu;
}

// Others of the listing that are on the line of the function, by the number that lspci has.
std::string sharers_of(const Said& said, const Listing& listing) {
    std::vector<std::string> sharers;
    if (!said.interrupt) return "";
    for (const auto& [address, other] : listing.functions())
        if (address != said.address && other.interrupt && *other.interrupt == *said.interrupt &&
            sharers.size() < most_symptoms)
            sharers.push_back(other.driver && !other.driver->empty()
                                  ? fmt::format("{} ({})", to_string(address), *other.driver)
                                  : to_string(address));
    if (sharers.empty()) return "";
    return fmt::format(". On its IRQ {} {} {}", *said.interrupt, sharers.size() == 1 ? "is" : "are",
                       fmt::join(sharers, ", "));
}

std::string words_of(const Symptom& symptom, const Said& said, const Listing& listing) {
    std::string words{meaning_of(symptom.kind)};
    if (symptom.kind == Kind::IntxBusy) {
        if (!symptom.other.empty())
            words += fmt::format(". The kernel names who has it: {}", symptom.other);
        words += sharers_of(said, listing);
    }
    return words + fmt::format(" (line {} of the input{})", symptom.line,
                               symptom.address || symptom.group ? "" : ", which names no function");
}

}  // namespace

void tell_symptoms(const Said& said, const Listing& listing, device::Words& words) {
    if (said.is_bridge()) return;
    for (const auto& symptom : listing.symptoms())
        if (is_about(symptom, said))
            (is_refusal(symptom) ? words.refusals : words.warnings)
                .push_back(words_of(symptom, said, listing));
}

}  // namespace tenon::capture::listing

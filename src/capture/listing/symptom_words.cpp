#include "capture/listing/symptom_words.hpp"

#include <fmt/core.h>

#include <string_view>

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

}  // namespace

void tell_symptoms(const Said& said, const Listing& listing, std::vector<std::string>& warnings) {
    if (said.is_bridge()) return;
    for (const auto& symptom : listing.symptoms())
        if (is_about(symptom, said))
            warnings.push_back(
                fmt::format("{} (line {} of the input{})", meaning_of(symptom.kind), symptom.line,
                            symptom.address || symptom.group ? "" : ", which names no function"));
}

}  // namespace tenon::capture::listing

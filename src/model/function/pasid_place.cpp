#include "model/function/pasid_place.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "base/bytes.hpp"
#include "pci/pasid.hpp"

namespace tenon::model::function {
namespace {

using pci::OwnerKind;

constexpr std::uint16_t last_place = pci::express_size - pci::pasid::size;

std::span<const pci::Owner> owners_at(const pci::Ownership& ownership, std::size_t at) {
    return std::span{ownership.bytes}.subspan(at, pci::pasid::size);
}

bool is_hole(const pci::Ownership& ownership, std::size_t at) {
    return std::ranges::all_of(owners_at(ownership, at), [](const pci::Owner& owner) {
        return owner.kind == OwnerKind::Zero;
    });
}

bool is_owned(const pci::Owner& owner) {
    return owner.kind != OwnerKind::Zero && owner.kind != OwnerKind::NonZero;
}

// The device's own PASID capability, if all of its bytes are its own.
std::optional<std::uint16_t> own_place(const pci::Ownership& ownership) {
    for (std::size_t n = 0; n < ownership.capabilities.size(); ++n) {
        const auto& one = ownership.capabilities[n];
        if (one.list != chosen::CapabilityList::Extended || one.id != pci::extended_id::pasid ||
            one.at > last_place)
            continue;
        if (std::ranges::all_of(owners_at(ownership, one.at), [&](const pci::Owner& owner) {
                return owner.kind == OwnerKind::HiddenCapability && owner.capability == n;
            }))
            return one.at;
    }
    return std::nullopt;
}

// "Vendor Specific at 0x140-0x15f": who owns the first byte of these that is owned.
std::optional<std::string> owner_of(const pci::Ownership& ownership, std::size_t at) {
    const auto place = owners_at(ownership, at);
    const auto owned = std::ranges::find_if(place, is_owned);
    if (owned == place.end()) return std::nullopt;
    if (owned->kind != OwnerKind::Capability && owned->kind != OwnerKind::HiddenCapability)
        return "bytes that could not be read";
    const auto& capability = ownership.capabilities[owned->capability];
    const auto end = align_up(std::size_t{capability.at} + capability.size, 4);
    return fmt::format(
        "{} at {:#05x}-{:#05x}{}", pci::kind_of(capability.list, capability.id).name, capability.at,
        end - 1,
        owned->kind == OwnerKind::HiddenCapability ? ", which the host's kernel hides" : "");
}

PasidPlace refused(std::string what, std::string remedy) {
    return {.why = what,
            .refusal = chosen::Reason{.what = std::move(what), .remedy = std::move(remedy)}};
}

PasidPlace choose_place(const PasidSpace& space) {
    const auto& owners = space.owners;
    if (const auto own = own_place(owners))
        return {.at = own, .why = "in the place of the device's own"};
    if (!space.list_begins && is_hole(owners, pci::first_extended))
        return {.at = static_cast<std::uint16_t>(pci::first_extended),
                .why = "at 0x100, where the list has to begin"};
    const auto holes = pci::find_holes(owners, pci::pasid::size, 4);
    if (holes.empty() || !holes.front().zero)
        return refused(
            "there is no room for it: no 8 free bytes that read as zero are left in the "
            "extended configuration space",
            "pasid-offset= with x-pasid-overlay=on puts it over bytes that nobody owns");
    const auto& best = holes.front();
    return {.at = best.at,
            .why = fmt::format("in the hole {:#05x}-{:#05x}: {}", best.range_at,
                               best.range_at + best.range_size - 1, best.why)};
}

PasidPlace place_of_user(const PasidSpace& space, std::uint16_t at, bool overlay) {
    const auto key = fmt::format("pasid-offset={:#x}", at);
    if (own_place(space.owners) == at)
        return {.at = at, .why = "where it was asked for, in the place of the device's own"};
    if (const auto owner = owner_of(space.owners, at))
        return refused(fmt::format("{}: its bytes {:#05x}-{:#05x} reach into {}", key, at,
                                   at + pci::pasid::size - 1, *owner),
                       "pasid-offset=auto finds a place");
    if (is_hole(space.owners, at)) return {.at = at, .why = "where it was asked for"};
    if (!overlay)
        return refused(fmt::format("{}: the bytes there are not zero, though no capability owns "
                                   "them: a register may be there",
                                   key),
                       "x-pasid-overlay=on puts it there all the same, pasid-offset=auto finds "
                       "another place");
    return {.at = at, .why = "where it was asked for, over bytes that are not zero"};
}

PasidPlace place_of_version(const PasidSpace& space, std::uint16_t at) {
    if (space.list_begins && is_hole(space.owners, at))
        return {.at = at, .why = "where the version has it"};
    auto place = choose_place(space);
    if (!place.at) return place;
    const auto owner = owner_of(space.owners, at);
    if (!space.list_begins)
        place.warning = fmt::format(
            "QEMU shows no PASID here, since the device's extended list is empty; Tenon puts it at "
            "{:#05x}",
            *place.at);
    else
        place.warning = fmt::format(
            "QEMU differs: it puts PASID at {:#05x} whatever is there ({}); Tenon puts it at "
            "{:#05x}",
            at, owner.value_or("bytes that are not zero"), *place.at);
    return place;
}

}  // namespace

Result<void> check_pasid_offset(std::uint64_t offset) {
    if (offset >= pci::first_extended && offset <= last_place && offset % 4 == 0) return {};
    return malformed("pasid-offset={:#x}: a place is a multiple of 4 from 0x100 to {:#x}", offset,
                     last_place);
}

PasidPlace place_pasid(const PasidSpace& space, const chosen::Property<chosen::PasidOffset>& wanted,
                       bool overlay) {
    if (!wanted.value) return choose_place(space);
    if (wanted.origin == chosen::PropertyOrigin::User)
        return place_of_user(space, *wanted.value, overlay);
    return place_of_version(space, *wanted.value);
}

}  // namespace tenon::model::function

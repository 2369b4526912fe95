#include "pci/ownership.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "base/bytes.hpp"
#include "pci/capability_table.hpp"

namespace tenon::pci {
namespace {

bool is_free(const Owner& owner) {
    return owner.kind == OwnerKind::Zero || owner.kind == OwnerKind::NonZero;
}

OwnerKind owner_kind_of(const Capability& capability) {
    return kind_of(capability.list, capability.id).kernel == KernelTreatment::Hidden
               ? OwnerKind::HiddenCapability
               : OwnerKind::Capability;
}

// Whether the bytes [at, at + size) are nobody's and zero.
bool is_zero(const Ownership& ownership, std::size_t at, std::size_t size) {
    return std::ranges::all_of(std::span{ownership.bytes}.subspan(at, size),
                               [](const Owner& owner) { return owner.kind == OwnerKind::Zero; });
}

// A guard dword is nobody's and zero, or past the end of the space: what lies beyond it may have
// been measured too short.
bool is_guard(const Ownership& ownership, std::size_t at) {
    return at >= express_size || is_zero(ownership, at, 4);
}

// Bytes from every offset to the nearest one that is nobody's and not zero; the size of the space
// where there is none. Two passes: nearest below, then nearest above.
std::vector<std::uint16_t> distances(const Ownership& ownership) {
    std::vector<std::uint16_t> far(express_size);
    const auto pass = [&](auto first, auto last, auto step) {
        std::uint16_t distance = express_size;
        for (auto at = first; at != last; at = static_cast<decltype(at)>(at + step)) {
            const auto index = static_cast<std::size_t>(at);
            if (ownership.bytes[index].kind == OwnerKind::NonZero)
                distance = 0;
            else if (distance < express_size)
                ++distance;
            far[index] = step > 0 ? distance : std::min(far[index], distance);
        }
    };
    pass(0, int{express_size}, 1);
    pass(int{express_size} - 1, -1, -1);
    return far;
}

auto rank(const Hole& hole) { return std::tuple{hole.zero, hole.guarded, hole.distance, hole.at}; }

std::string explain(const Hole& hole) {
    std::string why =
        hole.zero ? "reads as zero" : "does not read as zero: a register may be there";
    why += hole.guarded ? ", zero dwords on both sides" : ", owned registers right beside it";
    if (hole.distance >= express_size) return why + ", no register without an owner anywhere";
    return fmt::format("{}, {} bytes to the nearest register without an owner", why, hole.distance);
}

}  // namespace

std::string Ownership::name_of(std::size_t offset) const {
    const auto& owner = bytes[offset];
    switch (owner.kind) {
        case OwnerKind::Header:
            return "header";
        case OwnerKind::Capability:
        case OwnerKind::HiddenCapability: {
            const auto& capability = capabilities[owner.capability];
            return std::string{kind_of(capability.list, capability.id).name};
        }
        case OwnerKind::Zero:
            return "nobody, zero";
        case OwnerKind::NonZero:
            return "nobody, not zero";
        case OwnerKind::NotRead:
            break;
    }
    return "not read";
}

Ownership find_owners(const ConfigImage& image, const Capabilities& capabilities) {
    Ownership ownership;
    ownership.capabilities = capabilities.standard;
    ownership.capabilities.insert(ownership.capabilities.end(), capabilities.extended.begin(),
                                  capabilities.extended.end());
    for (std::size_t at = 0; at < std::min(image.known(), express_size); ++at) {
        const auto nobody = image.read8(at) == 0 ? OwnerKind::Zero : OwnerKind::NonZero;
        ownership.bytes[at] = {.kind = at < header_size ? OwnerKind::Header : nobody};
    }
    for (std::size_t n = 0; n < ownership.capabilities.size(); ++n) {
        const auto& capability = ownership.capabilities[n];
        // Registers come in dwords: what is left of the last one is nobody else's.
        const auto end =
            std::min<std::size_t>(align_up(capability.at + capability.size, 4), express_size);
        for (std::size_t at = capability.at; at < end; ++at)
            ownership.bytes[at] = {.kind = owner_kind_of(capability),
                                   .capability = static_cast<std::uint16_t>(n)};
    }
    return ownership;
}

std::vector<Hole> find_holes(const Ownership& ownership, std::size_t size, std::size_t alignment) {
    const auto far = distances(ownership);
    std::vector<Hole> holes;
    for (std::size_t begin = first_extended; begin < express_size;) {
        auto end = begin;
        while (end < express_size && is_free(ownership.bytes[end]))
            ++end;
        std::optional<Hole> best;
        for (auto at = align_up(begin, alignment); at + size <= end; at += alignment) {
            Hole hole{.at = static_cast<std::uint16_t>(at),
                      .range_at = static_cast<std::uint16_t>(begin),
                      .range_size = static_cast<std::uint16_t>(end - begin),
                      .zero = is_zero(ownership, at, size),
                      .guarded = is_guard(ownership, at - 4) && is_guard(ownership, at + size),
                      .distance = std::min(far[at], far[at + size - 1])};
            if (!best || rank(hole) > rank(*best)) best = std::move(hole);
        }
        if (best) {
            best->why = explain(*best);
            holes.push_back(*std::move(best));
        }
        begin = std::max(end, begin + 1);
    }
    std::ranges::sort(holes, std::ranges::greater{}, rank);
    return holes;
}

}  // namespace tenon::pci

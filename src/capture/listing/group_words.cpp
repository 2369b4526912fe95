#include "capture/listing/group_words.hpp"

#include <fmt/ranges.h>

namespace tenon::capture::listing {
namespace {

// Members that are named in a sentence.
constexpr std::size_t most_named = 16;

std::string member_words(const Said& member) {
    const auto address = to_string(member.address);
    if (member.is_bridge())
        return fmt::format("{} (a bridge, which stays with the host and blocks nobody)", address);
    if (!member.driver) return fmt::format("{} (driver not told)", address);
    return fmt::format("{} ({})", address, member.driver->empty() ? "no driver" : *member.driver);
}

}  // namespace

void tell_group(const Said& said, const Listing& listing, std::vector<std::string>& told) {
    if (!said.group) return;
    std::vector<std::string> members;
    std::size_t left = 0;
    for (const auto& [address, other] : listing.functions()) {
        if (address == said.address || !other.group || *other.group != *said.group) continue;
        if (members.size() < most_named)
            members.push_back(member_words(other));
        else
            ++left;
    }
    auto words = fmt::format("IOMMU group {}", *said.group);
    if (members.empty())
        words += "; the input names no other function of it";
    else
        words += fmt::format(", with {}", fmt::join(members, ", "));
    if (left != 0) words += fmt::format(" and {} more", left);
    told.push_back(std::move(words));
}

void tell_companions(const Said& said, const Listing& listing, std::vector<std::string>& told) {
    // On bus 0 is the board, whose functions share no card.
    if (!said.group || said.is_bridge() || said.address.bus == 0) return;
    std::vector<std::string> together;
    std::vector<std::string> apart;
    for (const auto& [address, other] : listing.functions()) {
        if (address == said.address || other.is_bridge() || !address.same_slot(said.address))
            continue;
        if (!other.group) continue;
        (*other.group == *said.group ? together : apart).push_back(to_string(address));
    }
    if (!together.empty())
        told.push_back(
            fmt::format("{} of the same card {} in the same group: one guest gets all "
                        "of them, or none does",
                        fmt::join(together, ", "), together.size() == 1 ? "is" : "are"));
    if (!apart.empty())
        told.push_back(
            fmt::format("{} of the same card {} in another group: {} may stay with the "
                        "host, or go to another guest",
                        fmt::join(apart, ", "), apart.size() == 1 ? "is" : "are",
                        apart.size() == 1 ? "it" : "they"));
}

}  // namespace tenon::capture::listing

#include "capture/members_json.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "capture/limits.hpp"

namespace tenon::capture {
namespace {

using Json = nlohmann::ordered_json;
using device::UseKind;

constexpr auto kinds = std::to_array<std::pair<UseKind, std::string_view>>({
    {UseKind::FileSystem, "file system"},
    {UseKind::Swap, "swap"},
    {UseKind::Storage, "storage"},
    {UseKind::Address, "address"},
    {UseKind::Network, "network"},
    {UseKind::DefaultRoute, "default route"},
    {UseKind::Display, "display"},
    {UseKind::Unclear, "unclear"},
});

std::string_view name_of(UseKind kind) {
    const auto* const found = std::ranges::find(kinds, kind, &decltype(kinds)::value_type::first);
    return found == kinds.end() ? "unclear" : found->second;
}

UseKind read_kind(const JsonPlace& place) {
    const auto name = place.text();
    const auto* const found = std::ranges::find(kinds, name, &decltype(kinds)::value_type::second);
    // A newer program may know more kinds.
    return found == kinds.end() ? UseKind::Unclear : found->first;
}

}  // namespace

Json words(std::string text) {
    std::ranges::replace_if(
        text,
        [](char letter) {
            const auto byte = static_cast<unsigned char>(letter);
            return byte < 0x20 || byte == 0x7f;
        },
        '?');
    return text;
}

Json write_members(const std::vector<device::GroupMember>& members) {
    return each(members, [](const device::GroupMember& member) {
        Json json{{"address", to_string(member.address)},
                  {"driver", member.driver_known ? Json(words(member.driver)) : Json(nullptr)},
                  {"bridge", member.is_bridge}};
        if (member.class_code != 0) json["class"] = fmt::format("{:#x}", member.class_code);
        if (!member.uses.empty()) json["uses"] = write_uses(member.uses);
        return json;
    });
}

Json write_uses(const std::vector<device::Use>& uses) {
    return each(uses, [](const device::Use& use) {
        return Json{{"kind", name_of(use.kind)}, {"name", words(use.name)}};
    });
}

Json write_line(const device::LineFacts& line) {
    return {{"number", line.number},
            {"functions", write_members(line.functions)},
            {"handlers", each(line.handlers, words)}};
}

pci::Address read_address(const JsonPlace& place) {
    const auto address = pci::Address::parse(place.text());
    if (!address) place.wrong("is not a PCI address");
    return address.value_or(pci::Address{});
}

std::vector<device::GroupMember> read_members(const JsonPlace& place) {
    std::vector<device::GroupMember> members;
    for (const auto& member : place.items(most_members)) {
        const bool told = !member.at("driver").is_null();
        members.push_back({.address = read_address(member.at("address")),
                           .driver = told ? member.at("driver").text() : std::string{},
                           .is_bridge = member.at("bridge").flag(),
                           .driver_known = told});
        if (member.has("class"))
            members.back().class_code =
                static_cast<std::uint32_t>(member.at("class").hex(0xffffff));
        if (member.has("uses")) members.back().uses = read_uses(member.at("uses"));
    }
    return members;
}

std::vector<device::Use> read_uses(const JsonPlace& place) {
    std::vector<device::Use> uses;
    for (const auto& use : place.items(most_uses))
        uses.push_back({.kind = read_kind(use.at("kind")), .name = use.at("name").text()});
    return uses;
}

device::LineFacts read_line(const JsonPlace& place) {
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    device::LineFacts line{.number = static_cast<unsigned>(place.at("number").number(most)),
                           .functions = read_members(place.at("functions")),
                           .handlers = {}};
    for (const auto& handler : place.at("handlers").items(most_members))
        line.handlers.push_back(handler.text());
    return line;
}

}  // namespace tenon::capture

#include "managed/traps/case.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace tenon::managed::traps {

std::string_view words_of(Kind kind) {
    switch (kind) {
        case Kind::FailsToStart:
            return "fails to start";
        case Kind::GuestLoses:
            return "the guest loses something";
        case Kind::Slow:
            return "slow";
        case Kind::Dangerous:
            return "dangerous";
    }
    return "wrong";
}

const device::DeviceFacts* HostView::find(const pci::Address& address) const {
    const auto found = std::ranges::find_if(
        functions, [&](const auto& facts) { return facts->address && *facts->address == address; });
    return found == functions.end() ? nullptr : found->get();
}

std::string Assigned::name() const {
    if (host) return to_string(*host);
    return option->id.empty() ? option->type : option->id;
}

Case::Case(const said::Configuration& said, const guest::Tree& placed, const HostView& of_host)
    : configuration{said}, tree{placed}, host{of_host} {
    for (std::size_t n = 0; n < said.devices.size(); ++n) {
        const auto& option = said.devices[n];
        if (!said::is_assigned(option)) continue;
        const auto address = said::host_of(option);
        assigned_.push_back({.device = n,
                             .option = &option,
                             .host = address,
                             .node = tree.find(n),
                             .facts = address ? host.find(*address) : nullptr});
    }
}

const said::Value* Case::value(std::size_t device, std::string_view name) const {
    return said::value_of(configuration, option(device), name);
}

bool Case::is_missing(const Assigned& one) const {
    return one.host && std::ranges::find(host.missing, *one.host) != host.missing.end();
}

bool Case::is_on(std::size_t device, std::string_view name) const {
    return said::is_on(configuration, option(device), name);
}

Evidence quote(const said::Option& option) {
    if (!option.origin.empty()) return {.place = option.place, .word = option.origin};
    auto word = option.type;
    if (const auto host = option.properties.text("host"); !host.empty())
        word += fmt::format(",host={}", host);
    if (!option.id.empty()) word += fmt::format(",id={}", option.id);
    return {.place = option.place, .word = std::move(word)};
}

Evidence quote(std::string_view name, const said::Value& value) {
    return {.place = value.place, .word = fmt::format("{}={}", name, value.text)};
}

std::optional<unsigned> class_of(const Assigned& one) {
    if (one.facts == nullptr) return std::nullopt;
    if (one.facts->identity) return one.facts->identity->class_code >> 8;
    if (one.facts->physical && one.facts->physical->known() >= pci::header_size)
        return one.facts->physical->read32(0x08) >> 16;
    if (one.facts->words && one.facts->words->class_code) return *one.facts->words->class_code >> 8;
    return std::nullopt;
}

bool looks_like_display(const Assigned& one) {
    constexpr unsigned display = 0x03;
    if (const auto code = class_of(one)) return *code >> 8 == display;
    const auto& properties = one.option->properties;
    const auto* const vga = properties.find("x-vga");
    return (vga != nullptr && said::parse_flag(vga->text).value_or(false)) ||
           !properties.text("romfile").empty();
}

}  // namespace tenon::managed::traps

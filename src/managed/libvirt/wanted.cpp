#include "managed/libvirt/wanted.hpp"

#include <utility>

namespace tenon::managed::libvirt {

std::optional<PciAddress> read_address(const Element& device) {
    for (const auto& address : device.children("address")) {
        if (address.attribute("type") != "pci") continue;
        const auto part = [&](std::string_view name, std::uint64_t most) {
            if (!address.has(name)) return std::optional<std::uint64_t>{0};
            const auto number = said::parse_number(address.attribute(name));
            return number && *number <= most ? number : std::nullopt;
        };
        const auto bus = part("bus", 255);
        const auto slot = part("slot", 31);
        const auto function = part("function", 7);
        // <address type='pci'/> alone asks for one that libvirt chooses.
        const bool named = address.has("bus") || address.has("slot");
        if (!named || !bus || !slot || !function) return std::nullopt;
        return PciAddress{.bus = static_cast<unsigned>(*bus),
                          .slot = static_cast<unsigned>(*slot),
                          .function = static_cast<unsigned>(*function),
                          .multifunction = address.attribute("multifunction") == "on"};
    }
    return std::nullopt;
}

void say(said::Option& option, std::string name, std::string value) {
    option.properties.add(std::move(name), {.text = std::move(value), .place = option.place});
}

void say_if(said::Option& option, std::string name, const Element& element,
            std::string_view attribute) {
    if (element.has(attribute)) option.properties.add(std::move(name), element.value(attribute));
}

said::Option make_option(std::string type, std::string id, const Element& element) {
    const auto alias = element.child("alias").attribute("name");
    return {.type = std::move(type),
            .id = alias.empty() ? std::move(id) : std::string{alias},
            .form = said::Form::Json,
            .place = element.place(),
            .properties = {},
            .origin = element.tag()};
}

}  // namespace tenon::managed::libvirt

#include "managed/libvirt/override.hpp"

#include <algorithm>
#include <utility>

#include "managed/qemu/property_types.hpp"

namespace tenon::managed::libvirt {
namespace {

using said::ValueKind;

std::optional<ValueKind> kind_of(std::string_view type) {
    if (type == "string") return ValueKind::Text;
    if (type == "signed" || type == "unsigned") return ValueKind::Number;
    if (type == "bool") return ValueKind::Flag;
    return std::nullopt;
}

std::string_view type_of(ValueKind kind) {
    switch (kind) {
        case ValueKind::Number:
            return "unsigned";
        case ValueKind::Flag:
            return "bool";
        case ValueKind::Text:
        case ValueKind::Nested:
            break;
    }
    return "string";
}

void remove(said::Properties& properties, std::string_view name) {
    said::Properties left;
    for (const auto& one : properties.all())
        if (one.name != name) left.add(one.name, one.value);
    properties = std::move(left);
}

class OverrideReader {
public:
    explicit OverrideReader(said::Configuration& to) : to_{to} {}

    void device(const Element& element) {
        const auto alias = element.attribute("alias");
        const auto named = std::ranges::find(to_.devices, alias, &said::Option::id);
        if (alias.empty() || named == to_.devices.end()) {
            if (to_.unknown.size() < said::most_notes)
                to_.unknown.push_back({.place = element.place(),
                                       .word = element.tag(),
                                       .what = "names no device that is known here"});
            return;
        }
        for (const auto& one : element.child("frontend").children("property"))
            if (named->properties.all().size() < said::most_options) property(*named, one);
    }

private:
    void property(said::Option& device, const Element& element) {
        const std::string name{element.attribute("name")};
        const auto type = element.attribute("type");
        if (type == "remove") return remove(device.properties, name);
        auto value = element.value("value");
        const auto kind = kind_of(type);
        const auto wanted = qemu::type_of_property(device.type, name);
        if (!kind) return wrong(element, "has a type that is none of libvirt's", "");
        if (wanted && *wanted != *kind)
            wrong(element,
                  fmt::format("gives {} as {}, and QEMU wants it as {}", name, type,
                              type_of(*wanted)),
                  fmt::format("<qemu:property name='{}' type='{}' value='{}'/>", escaped(name),
                              type_of(*wanted), escaped(value.text)));
        value.kind = *kind;
        if (const auto flag = said::parse_flag(value.text); flag && *kind == ValueKind::Flag)
            value.text = *flag ? "on" : "off";
        device.properties.add(name, std::move(value));
    }

    void wrong(const Element& element, std::string what, std::string paste) {
        if (to_.mistakes.size() < said::most_notes)
            to_.mistakes.push_back(
                {.kind = said::Mistake::Kind::JsonType,
                 .note = {.place = element.place(), .word = element.tag(), .what = std::move(what)},
                 .paste = std::move(paste)});
    }

    said::Configuration& to_;
};

}  // namespace

void apply_override(const Element& domain, said::Configuration& to) {
    OverrideReader reader{to};
    for (const auto& override : domain.children("override"))
        for (const auto& device : override.children("device"))
            reader.device(device);
}

}  // namespace tenon::managed::libvirt

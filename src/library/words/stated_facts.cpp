#include "library/words/stated_facts.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.hpp"
#include "device/atomic_widths.hpp"

namespace tenon::library::words {
namespace {

Result<std::uint32_t> parse_host_atomics(std::string_view of, std::string_view value) {
    if (value == "none") return 0;
    auto widths = device::parse_widths(value);
    if (!widths)
        return malformed("{}: host-atomics={}: {}, or none", of, value, widths.error().what);
    return *widths;
}

Result<Known<bool>> parse_ats(std::string_view of, std::string_view value) {
    if (value == "supported") return Known<bool>{true};
    if (value == "unsupported") return Known<bool>{false};
    if (value == "unknown") return Known<bool>{Unknown{"stated as unknown"}};
    return malformed("{}: host-ats={}: known are supported, unsupported, unknown", of, value);
}

Result<device::PasidFacts> parse_pasid(std::string_view of, std::string_view value) {
    if (value == "none") return device::PasidFacts{};
    const auto parts = split(value, '+');
    const auto width = parse_number(parts.front());
    if (!width || *width == 0 || *width > 20)
        return malformed("{}: host-pasid={}: a width is 1 to 20 bits, or none", of, value);
    device::PasidFacts pasid{.width = static_cast<unsigned>(*width)};
    for (std::size_t n = 1; n < parts.size(); ++n) {
        if (parts[n] != "exec" && parts[n] != "priv")
            return malformed("{}: host-pasid={}: known after the width are +exec, +priv", of,
                             value);
        (parts[n] == "exec" ? pasid.execute : pasid.privileged) = true;
    }
    return pasid;
}

Result<unsigned> parse_group(std::string_view of, std::string_view value) {
    const auto number = parse_number(value);
    if (number && *number <= std::numeric_limits<unsigned>::max())
        return static_cast<unsigned>(*number);
    return malformed("{}: host-group={}: it is not the number of an IOMMU group", of, value);
}

// Source: Linux, Documentation/ABI/testing/sysfs-bus-pci, reset_method.
constexpr std::array<std::string_view, 7> reset_methods{
    "device_specific", "acpi", "flr", "af_flr", "pm", "bus", "cxl_bus"};

Result<std::vector<std::string>> parse_reset_methods(std::string_view of, std::string_view value) {
    std::vector<std::string> methods;
    if (value == "none") return methods;
    for (const auto part : split(value, '+')) {
        if (std::ranges::find(reset_methods, part) == reset_methods.end() ||
            std::ranges::find(methods, part) != methods.end())
            return malformed("{}: host-reset={}: known are none, or with + between them: {}", of,
                             value, fmt::join(reset_methods, ", "));
        methods.emplace_back(part);
    }
    return methods;
}

Result<void> check_lacking(const device::DeviceFacts& facts, std::string_view key, bool known) {
    if (facts.origin == device::Origin::Live)
        return malformed("{}: {}= is for files that lack the fact; this host answers for itself",
                         facts.source, key);
    if (known) return malformed("{}: {}= is given, but the file tells it", facts.source, key);
    return {};
}

constexpr auto stated_table = std::to_array<Key<StatedFacts>>({
    {.words = {"host-atomics", "32+64+128|none", "widths of AtomicOps that complete up to memory"},
     .take =
         [](StatedFacts& stated, std::string_view of, std::string_view value) {
             return store(stated.atomics, parse_host_atomics(of, value));
         }},
    {.words = {"host-ats", "supported|unsupported|unknown",
               "whether Address Translation Services can be used"},
     .take = [](StatedFacts& stated, std::string_view of,
                std::string_view value) { return store(stated.ats, parse_ats(of, value)); }},
    {.words = {"host-pasid", "WIDTH[+exec][+priv]|none",
               "bits of PASID that the IOMMU translates, and what may be asked for"},
     .take = [](StatedFacts& stated, std::string_view of,
                std::string_view value) { return store(stated.pasid, parse_pasid(of, value)); }},
    {.words = {"host-group", "N",
               "its IOMMU group; functions of a plan with the same number share it"},
     .take = [](StatedFacts& stated, std::string_view of,
                std::string_view value) { return store(stated.group, parse_group(of, value)); }},
    {.words = {"host-reset", "flr+pm+bus|none",
               "ways to reset it, as the kernel lists them in reset_method of sysfs"},
     .take =
         [](StatedFacts& stated, std::string_view of, std::string_view value) {
             return store(stated.reset_methods, parse_reset_methods(of, value));
         }},
});

}  // namespace

std::span<const Key<StatedFacts>> stated_keys() { return stated_table; }

Result<void> apply_stated(const StatedFacts& stated, device::DeviceFacts& facts) {
    if (stated.atomics) {
        TENON_TRY_DO(check_lacking(facts, "host-atomics", bool{facts.atomics}), "");
        facts.atomics = *stated.atomics;
    }
    if (stated.ats) {
        TENON_TRY_DO(check_lacking(facts, "host-ats", bool{facts.iommu.ats}), "");
        facts.iommu.ats = *stated.ats;
    }
    if (stated.pasid) {
        TENON_TRY_DO(check_lacking(facts, "host-pasid", bool{facts.iommu.pasid}), "");
        facts.iommu.pasid = *stated.pasid;
    }
    if (stated.group) {
        TENON_TRY_DO(check_lacking(facts, "host-group", bool{facts.group}), "");
        facts.group = device::GroupFacts{.number = *stated.group, .members = {}};
    }
    if (stated.reset_methods) {
        TENON_TRY_DO(check_lacking(facts, "host-reset", bool{facts.reset_methods}), "");
        facts.reset_methods = *stated.reset_methods;
    }
    return {};
}

}  // namespace tenon::library::words

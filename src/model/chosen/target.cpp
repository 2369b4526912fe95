#include "model/chosen/target.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <compare>
#include <vector>

#include "base/text.hpp"

namespace tenon::model::chosen {
namespace {

constexpr PasidOffset qemu_pasid_place = 0xff8;

struct Version {
    unsigned major = 0;
    unsigned minor = 0;

    auto operator<=>(const Version&) const = default;
};

// A lone function 0 alone gets AtomicOps, PASID stands in the last bytes, and an error of the
// device stops the guest.
constexpr VersionDefaults defaults_11_1{.ats = AtsMode::Auto,
                                        .intx = IntxChoice::Automatic,
                                        .msix_relocation = MsixRelocation{},
                                        .atomics = AtomicsRule{.mode = AtomicsMode::LoneFunction},
                                        .hotplug = true,
                                        .pasid = PasidMode::Auto,
                                        .pasid_offset = qemu_pasid_place,
                                        .reset = ResetChoice::Auto,
                                        .on_error = ErrorAction::Stop,
                                        .viommu_pasid_width = 0u};

// 11.0 has no property `ats`, and shows it whatever the kernel reports.
constexpr VersionDefaults defaults_11_0 = [] {
    auto older = defaults_11_1;
    older.ats = AtsMode::On;
    return older;
}();

// The versions that have rules of their own.
struct Row {
    Version version;
    VersionDefaults defaults;
    bool takes_ats = false;
};

constexpr Row row_11_1{.version = {11, 1}, .defaults = defaults_11_1, .takes_ats = true};
constexpr Row row_11_0{.version = {11, 0}, .defaults = defaults_11_0, .takes_ats = false};

constexpr Target make(const Row& row, std::string_view version, std::string_view name,
                      QemuPlace place) {
    return {.as = {.name = version, .what = "QEMU itself", .defaults = row.defaults},
            .name = name,
            .place = place,
            .takes_ats = row.takes_ats};
}

using enum QemuPlace;

constexpr auto all = std::to_array<Target>({
    make(row_11_1, "QEMU 11.1", "qemu-11.1", Port),
    make(row_11_1, "QEMU 11.1, root-bus", "qemu-11.1", RootBus),
    make(row_11_1, "QEMU 11.1, conventional", "qemu-11.1", Conventional),
    make(row_11_1, "QEMU 11.1, pc", "qemu-11.1", Pc),
    make(row_11_0, "QEMU 11.0", "qemu-11.0", Port),
    make(row_11_0, "QEMU 11.0, root-bus", "qemu-11.0", RootBus),
    make(row_11_0, "QEMU 11.0, conventional", "qemu-11.0", Conventional),
    make(row_11_0, "QEMU 11.0, pc", "qemu-11.0", Pc),
});

constexpr std::array places{Port, RootBus, Conventional, Pc};

// What came with a version, so that an older one may be otherwise. Sources: QEMU's git history for
// AtomicOps (8.1), PASID (11.0); machine types of 11.1 for the port.
struct Since {
    Version version;
    std::string_view what;
};
constexpr auto history = std::to_array<Since>({
    {{8, 1}, "a root port completed no AtomicOps before 8.1"},
    {{9, 2}, "Device Capabilities of a root port had no Extended Tag before 9.2"},
    {{11, 0}, "no PASID was shown before 11.0"},
});

constexpr std::string_view version_word = "QEMU ";
constexpr std::string_view target_word = "qemu";
constexpr std::string_view place_key = "place=";

std::optional<Version> parse_version(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto major = parse_number(text.substr(0, dot));
    const auto minor = parse_number(text.substr(dot + 1));
    constexpr std::uint64_t most = 99;
    if (!major || !minor || *major > most || *minor > most) return std::nullopt;
    return Version{static_cast<unsigned>(*major), static_cast<unsigned>(*minor)};
}

std::optional<QemuPlace> parse_place(std::string_view text) {
    const auto* const found =
        std::ranges::find(places, text, [](QemuPlace place) { return name_of(place); });
    return found == places.end() ? std::nullopt : std::optional{*found};
}

Error unknown(std::string_view text) {
    return malformed(
               "--target {}: known are tenon, qemu, qemu-11.1, qemu-11.0, and with ,place= port, "
               "root-bus, conventional, pc",
               text)
        .error();
}

std::string doubt_of(Version version, Version nearest) {
    if (version == nearest) return "";
    std::vector<std::string_view> differences;
    for (const auto& since : history)
        if (version < since.version) differences.push_back(since.what);
    if (version > nearest) return "what it changed is not known";
    return differences.empty() ? std::string{"its rules were not read"}
                               : fmt::format("{}", fmt::join(differences, "; "));
}

}  // namespace

std::string_view name_of(QemuPlace place) {
    switch (place) {
        case Port:
            return "port";
        case RootBus:
            return "root-bus";
        case Conventional:
            return "conventional";
        case Pc:
            return "pc";
    }
    return "";
}

std::span<const Target> targets() { return all; }

Result<std::string> version_of_target(std::string_view text) {
    if (text == "tenon") return std::string{};
    const auto comma = text.find(',');
    const auto named = text.substr(0, comma);
    std::string place;
    if (comma != std::string_view::npos) {
        const auto key = text.substr(comma + 1);
        const auto found =
            key.starts_with(place_key) ? parse_place(key.substr(place_key.size())) : std::nullopt;
        if (!found) return std::unexpected(unknown(text));
        if (*found != Port) place = fmt::format(", {}", name_of(*found));
    }
    if (named == target_word)
        return fmt::format("{}{}.{}{}", version_word, row_11_1.version.major,
                           row_11_1.version.minor, place);
    const auto number = named.starts_with(target_word) && named.size() > target_word.size() &&
                                named[target_word.size()] == '-'
                            ? parse_version(named.substr(target_word.size() + 1))
                            : std::nullopt;
    if (!number) return std::unexpected(unknown(text));
    return fmt::format("{}{}.{}{}", version_word, number->major, number->minor, place);
}

std::optional<TargetChoice> find_target(std::string_view version) {
    if (!version.starts_with(version_word)) return std::nullopt;
    const auto comma = version.find(", ");
    const auto number =
        parse_version(version.substr(version_word.size(), comma - version_word.size()));
    const auto place = comma == std::string_view::npos ? std::optional{Port}
                                                       : parse_place(version.substr(comma + 2));
    if (!number || !place) return std::nullopt;
    const auto& nearest = *number >= row_11_1.version ? row_11_1 : row_11_0;
    const auto name = fmt::format("qemu-{}.{}", nearest.version.major, nearest.version.minor);
    const auto* const found = std::ranges::find_if(
        all, [&](const Target& target) { return target.name == name && target.place == *place; });
    return TargetChoice{.target = found,
                        .asked = fmt::format("qemu-{}.{}", number->major, number->minor),
                        .doubt = doubt_of(*number, nearest.version)};
}

}  // namespace tenon::model::chosen

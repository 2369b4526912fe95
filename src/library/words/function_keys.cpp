#include "library/words/function_keys.hpp"

#include <fmt/ranges.h>

#include <array>

#include "base/text.hpp"
#include "model/function/pasid_place.hpp"
#include "pci/pasid.hpp"

namespace tenon::library::words {
namespace {

using model::chosen::FunctionKeys;

// The one of `choices` that has the name.
template <typename Choice, std::size_t N>
Result<Choice> choose(std::string_view of, std::string_view key, std::string_view value,
                      const std::array<Choice, N>& choices) {
    std::array<std::string_view, N> names;
    for (std::size_t n = 0; n < N; ++n) {
        names.at(n) = name_of(choices.at(n));
        if (value == names.at(n)) return choices.at(n);
    }
    return malformed("{}: {}={}: known are {}", of, key, value, fmt::join(names, ", "));
}

Result<bool> parse_switch(std::string_view of, std::string_view key, std::string_view value) {
    if (value == "on") return true;
    if (value == "off") return false;
    return malformed("{}: {}={}: known are on, off", of, key, value);
}

Result<model::chosen::PasidOffset> parse_offset(std::string_view of, std::string_view value) {
    if (value == "auto") return model::chosen::PasidOffset{};
    const auto offset = value.starts_with("0x") ? parse_hex(value.substr(2)) : std::nullopt;
    if (!offset)
        return malformed("{}: pasid-offset={}: known are auto and an offset such as 0x1a0", of,
                         value);
    TENON_TRY_DO(model::function::check_pasid_offset(*offset), of);
    return model::chosen::PasidOffset{static_cast<std::uint16_t>(*offset)};
}

Result<model::chosen::MsixRelocation> parse_relocation(std::string_view of,
                                                       std::string_view value) {
    using Mode = model::chosen::MsixRelocation::Mode;
    if (value == "off") return model::chosen::MsixRelocation{};
    if (value == "auto") return model::chosen::MsixRelocation{.mode = Mode::Auto};
    for (unsigned bar = 0; bar < device::bar_count; ++bar)
        if (value == fmt::format("bar{}", bar))
            return model::chosen::MsixRelocation{.mode = Mode::Bar, .bar = bar};
    return malformed("{}: msix-relocation={}: known are off, auto, bar0 to bar5", of, value);
}

constexpr auto function_table = std::to_array<Key<FunctionKeys>>({
    {.words = {"ats", "auto|on|off",
               "show Address Translation Services: auto where the kernel does not say that they "
               "are unsupported; on fails where they cannot be had"},
     .take =
         [](FunctionKeys& keys, std::string_view of, std::string_view value) {
             using enum model::chosen::AtsMode;
             return store(keys.ats, choose(of, "ats", value, std::array{Auto, On, Off}));
         }},
    {.words = {"x-ats-strict", "on|off", "whether ats=on fails then (on), or warns (off)"},
     .take =
         [](FunctionKeys& keys, std::string_view of, std::string_view value) {
             return store(keys.ats_strict, parse_switch(of, "x-ats-strict", value));
         }},
    {.words = {"pasid", "auto|on|off",
               "show PASID where the host's and the guest's IOMMU take PASIDs; on fails where they "
               "do not"},
     .take =
         [](FunctionKeys& keys, std::string_view of, std::string_view value) {
             using enum model::chosen::PasidMode;
             return store(keys.pasid, choose(of, "pasid", value, std::array{Auto, On, Off}));
         }},
    {.words = {"pasid-offset", "auto|0x1a0",
               "where in configuration space PASID is; auto finds a place"},
     .take =
         [](FunctionKeys& keys, std::string_view of, std::string_view value) {
             return store(keys.pasid_offset, parse_offset(of, value));
         }},
    {.words = {"x-pasid-overlay", "on|off",
               "let pasid-offset cover bytes that no capability owns and are not zero"},
     .take =
         [](FunctionKeys& keys, std::string_view of, std::string_view value) {
             return store(keys.pasid_overlay, parse_switch(of, "x-pasid-overlay", value));
         }},
    {.words = {"intx", "auto|trapped|off",
               "INTx: delivered by KVM where it can; by Tenon, with the BARs trapped until the "
               "interrupt's end; not shown to the guest"},
     .take =
         [](FunctionKeys& keys, std::string_view of, std::string_view value) {
             using enum model::chosen::IntxChoice;
             return store(keys.intx,
                          choose(of, "intx", value, std::array{Automatic, Trapped, Off}));
         }},
    {.words = {"msix-relocation", "off|auto|barN",
               "where the guest finds the MSI-X table: where the device has it; out of the way if "
               "its pages hold other registers; in this BAR"},
     .take =
         [](FunctionKeys& keys, std::string_view of, std::string_view value) {
             return store(keys.msix_relocation, parse_relocation(of, value));
         }},
    {.words = {"reset", "auto|function|bus|none",
               "how it is reset: alone where the kernel can, else with the bus above if everything "
               "there is of this guest; alone; with the bus; not at all"},
     .take =
         [](FunctionKeys& keys, std::string_view of, std::string_view value) {
             using enum model::chosen::ResetChoice;
             return store(keys.reset,
                          choose(of, "reset", value, std::array{Auto, Function, Bus, None}));
         }},
    {.words = {"on-error", "report|stop|detach",
               "when the host is told of an error of it: the guest is told; the machine is paused "
               "as well; it is taken away"},
     .take =
         [](FunctionKeys& keys, std::string_view of, std::string_view value) {
             using enum model::chosen::ErrorAction;
             return store(keys.on_error,
                          choose(of, "on-error", value, std::array{Report, Stop, Detach}));
         }},
});

}  // namespace

std::span<const Key<FunctionKeys>> function_keys() { return function_table; }

}  // namespace tenon::library::words

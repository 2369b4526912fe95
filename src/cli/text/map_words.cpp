#include "cli/text/map_words.hpp"

#include <fmt/core.h>

#include <array>

#include "cli/text/library.hpp"

namespace tenon::cli::text {
namespace {

using model::machine::GuestAccess;
using pci::OwnerKind;

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr auto on_host = std::to_array<LetterWords>({
    {'#', "header", Tone::Plain},
    {'A', "a capability, listed below", Tone::Plain},
    {'+', "a register that no capability names", Tone::Warning},
    {'.', "nobody's, zero", Tone::Faint},
});

constexpr auto in_guest = std::to_array<LetterWords>({
    {'p', "the device's, read and written", Tone::Good},
    {'r', "the device's, read-only", Tone::Plain},
    {'m', "bits of the device and of ours", Tone::Ours},
    {'e', "emulated: ours", Tone::Ours},
    {'s', "synthesized: ours", Tone::Ours},
    {'-', "hidden: reads as zero", Tone::Bad},
    {'.', "nobody's, zero", Tone::Faint},
});

}  // namespace

char capability_letter(std::size_t index) { return letters[index % letters.size()]; }

char host_letter(const model::machine::ConfigCell& cell) {
    switch (cell.owner) {
        case OwnerKind::Header:
            return '#';
        case OwnerKind::Capability:
        case OwnerKind::HiddenCapability:
            return cell.decision ? capability_letter(*cell.decision) : '+';
        case OwnerKind::NonZero:
            return '+';
        case OwnerKind::Zero:
            return '.';
        case OwnerKind::NotRead:
            break;
    }
    return ' ';
}

char guest_letter(const model::machine::ConfigCell& cell,
                  const model::function::FunctionView& view) {
    switch (cell.guest) {
        case GuestAccess::Device:
            return 'p';
        case GuestAccess::ReadOnly:
            return 'r';
        case GuestAccess::Mixed:
            return 'm';
        case GuestAccess::Ours:
            return cell.decision && view.capabilities[*cell.decision].action ==
                                        model::chosen::Action::Synthesize
                       ? 's'
                       : 'e';
        case GuestAccess::Hidden:
            return '-';
        case GuestAccess::Nothing:
            return '.';
        case GuestAccess::Absent:
            break;
    }
    return ' ';
}

Tone tone_of(const model::machine::ConfigCell& cell) {
    if (cell.owner == OwnerKind::NonZero) return Tone::Warning;
    switch (cell.guest) {
        case GuestAccess::Device:
            return Tone::Good;
        case GuestAccess::Mixed:
        case GuestAccess::Ours:
            return Tone::Ours;
        case GuestAccess::Hidden:
            return Tone::Bad;
        case GuestAccess::Nothing:
            return Tone::Faint;
        case GuestAccess::ReadOnly:
        case GuestAccess::Absent:
            break;
    }
    return cell.owner == OwnerKind::Zero ? Tone::Faint : Tone::Plain;
}

std::span<const LetterWords> host_words() { return on_host; }
std::span<const LetterWords> guest_words() { return in_guest; }

std::string stray_words(const model::machine::ConfigMap& map) {
    std::string text;
    for (const auto& range : map.strays)
        text += fmt::format("{}{:#x}-{:#x}", text.empty() ? "" : ", ", range.first, range.last);
    return text;
}

std::string map_title(const model::slot::FunctionPlan& function) {
    const auto& view = function.view;
    return fmt::format("{}, {}, {:04x}:{:04x}: {}", view.id, view.host, view.vendor, view.device,
                       class_name(view.class_code));
}

}  // namespace tenon::cli::text

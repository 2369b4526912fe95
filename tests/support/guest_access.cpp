#include "tests/support/guest_access.hpp"

#include <fmt/core.h>

#include <bitset>
#include <variant>

#include "model/running/config_state.hpp"
#include "pci/capability_table.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::support {
namespace {

using model::chosen::Action;
using ByteSet = std::bitset<pci::express_size>;

void set_range(ByteSet& set, std::size_t at, std::size_t size, bool value) {
    for (auto n = at; n < std::min(at + size, pci::express_size); ++n)
        set[n] = value;
}

// What may be written and read of the device, from the decisions alone.
struct Rules {
    ByteSet writable;
    ByteSet readable;
};

// Every dword of a capability belongs to it, up to the next header.
std::size_t reach_of(const model::function::FunctionView& view,
                     const model::chosen::Decision& decision) {
    std::size_t end = (*decision.host_offset + std::size_t{decision.size} + 3) / 4 * 4;
    for (const auto& other : view.capabilities)
        if (other.host_offset && *other.host_offset > *decision.host_offset)
            end = std::min<std::size_t>(end, *other.host_offset);
    return end - *decision.host_offset;
}

Rules rules_of(const model::function::FunctionView& view) {
    Rules rules;
    set_range(rules.writable, pci::header::command, 4, true);
    set_range(rules.readable, pci::header::status, 2, true);
    // Registers of the device that no capability names: in the conventional space a driver may
    // need them, in the extended one it may look.
    set_range(rules.writable, pci::header_size, pci::conventional_size - pci::header_size, true);
    set_range(rules.readable, pci::header_size, pci::express_size - pci::header_size, true);
    for (const auto& decision : view.capabilities) {
        if (!decision.host_offset) {
            set_range(rules.readable, *decision.guest_offset, 4, false);
            continue;
        }
        const auto at = *decision.host_offset;
        const auto reach = reach_of(view, decision);
        const auto kernel = pci::kind_of(decision.list, decision.id).kernel;
        const bool writes = kernel == pci::KernelTreatment::Writable ||
                            kernel == pci::KernelTreatment::PartlyWritable;
        const bool hidden = decision.action == Action::Hide;
        set_range(rules.writable, at, reach, !hidden && writes);
        set_range(rules.readable, at, reach, !hidden);
        // Its place in the list is ours.
        const std::size_t links = decision.list == model::chosen::CapabilityList::Standard ? 2 : 4;
        set_range(rules.writable, at, links, false);
        set_range(rules.readable, at, links, false);
    }
    if (view.msix) set_range(rules.writable, view.msix->at, 12, false);
    if (view.msi) set_range(rules.writable, view.msi->at, 10, false);
    return rules;
}

// What was wrong with the map itself.
std::string misdeed_of_map(const model::function::RegisterMap& map) {
    for (std::size_t at = 0; at < pci::express_size; ++at) {
        const auto kept = map.rules8(at).writable | map.rules8(at).clearable;
        if ((kept & ~map.rules8(at).ours) != 0)
            return fmt::format("byte {:#x} keeps bits that it does not show", at);
    }
    return "";
}

class Judge {
public:
    explicit Judge(const model::slot::FunctionPlan& function)
        : view_{function.view},
          rules_{rules_of(function.view)},
          state_{function.view, function.start()} {}

    std::string read(std::uint16_t offset, std::uint8_t size, std::uint32_t device) {
        std::size_t last = 0;
        const auto pieces = state_.device_pieces(offset, size);
        for (const auto& piece : pieces.list()) {
            if (piece.offset % piece.size != 0 ||
                piece.offset < std::max<std::size_t>(offset, last) ||
                piece.offset + piece.size > offset + size)
                return fmt::format("a read of {} at {:#x} asks the device for {} at {:#x}", size,
                                   offset, piece.size, piece.offset);
            last = std::size_t{piece.offset} + piece.size;
            for (std::size_t at = piece.offset; at < last; ++at)
                if (!rules_.readable[at])
                    return fmt::format("byte {:#x} is read from the device", at);
        }
        const auto shown = state_.read(offset, size, device) ^ state_.read(offset, size, 0);
        if ((shown & ~state_.device_bits(offset, size)) != 0)
            return fmt::format("bits of the device shine through at {:#x}", offset);
        return "";
    }

    std::string write(std::uint16_t offset, std::uint8_t size, std::uint32_t value) {
        const auto counts = as_it_counts(offset, size, value);
        for (const auto& effect : state_.write(offset, size, value))
            if (const auto* const done = std::get_if<model::running::effect::WriteDevice>(&effect))
                if (auto why = judge(*done, offset, size, counts); !why.empty()) return why;
        return "";
    }

    // After all of it: nothing has changed that no guest may change.
    std::string verdict() const {
        for (std::size_t at = 0; at < pci::express_size; ++at) {
            const auto& map = view_.map;
            const auto may = map.rules8(at).writable | map.rules8(at).clearable;
            const auto changed = state_.bytes().read8(at) ^ map.start.read8(at);
            if (!is_bar(at) && (changed & ~may) != 0)
                return fmt::format("byte {:#x} changed though it is read-only", at);
        }
        return "";
    }

private:
    // BARs begin where the plan placed them.
    static bool is_bar(std::size_t at) {
        return (at >= pci::header::bar0 && at < pci::header::bar0 + 24) ||
               (at >= pci::header::rom_address && at < pci::header::rom_address + 4);
    }

    // A power state that the function does not have changes none.
    std::uint32_t as_it_counts(std::uint16_t offset, std::uint8_t size, std::uint32_t value) const {
        const auto power = view_.power_management_at;
        if (power == 0 || size > 4 || power + 4 < offset || power + 4 >= std::size_t{offset} + size)
            return value;
        const auto shift = 8 * (power + 4 - offset);
        const auto state = value >> shift & 3;
        const bool has =
            state == 0 || state == 3 || (view_.map.start.read16(power + 2) >> (8 + state) & 1) != 0;
        if (has) return value;
        return (value & ~(3u << shift)) |
               static_cast<std::uint32_t>(state_.bytes().read8(power + 4) & 3) << shift;
    }

    std::string judge(const model::running::effect::WriteDevice& done, std::uint16_t offset,
                      std::uint8_t size, std::uint32_t value) const {
        if (done.size == 0 || done.offset % done.size != 0 || done.offset < offset ||
            done.offset + done.size > offset + size)
            return fmt::format("a write of {} at {:#x} writes {} at {:#x} of the device", size,
                               offset, done.size, done.offset);
        for (std::size_t n = 0; n < done.size; ++n) {
            const auto at = done.offset + n;
            const auto passed = view_.map.rules8(at).passed;
            const auto written = done.value >> 8 * n & 0xff;
            const auto asked = value >> 8 * (at - offset) & 0xff;
            if (!rules_.writable[at] || passed == 0)
                return fmt::format("byte {:#x} is written to the device", at);
            if (((written ^ view_.map.start.read8(at)) & ~passed & 0xff) != 0)
                return fmt::format("a closed bit of byte {:#x} is written by the guest", at);
            if (((written ^ asked) & passed) != 0)
                return fmt::format("byte {:#x} is written as {:#x}, not {:#x}", at, written, asked);
            if (view_.express_at != 0 && (written & 0x80) != 0 &&
                at == view_.express_at + pci::express::device_control + 1)
                return "the guest resets the function without us";
        }
        return "";
    }

    const model::function::FunctionView& view_;
    Rules rules_;
    model::running::ConfigState state_;
};

}  // namespace

std::string misdeed_of_guest(const model::slot::FunctionPlan& function, ByteSource& bytes) {
    if (!function.view.guest_view) return "";
    if (auto why = misdeed_of_map(function.view.map); !why.empty()) return why;
    Judge judge{function};
    while (!bytes.empty()) {
        constexpr std::array<std::uint8_t, 8> sizes{1, 2, 4, 4, 4, 2, 3, 8};
        const auto what = bytes.next8();
        const auto size = sizes[what >> 1 & 7];
        // Every second access goes to a capability.
        const auto& capabilities = function.view.capabilities;
        const auto base =
            (what & 0x10) != 0 && !capabilities.empty()
                ? capabilities[bytes.below(capabilities.size())].host_offset.value_or(0)
                : 0;
        const auto offset = static_cast<std::uint16_t>(
            base == 0 ? bytes.below(0x1100) : static_cast<std::size_t>(base) + bytes.below(32));
        const auto value = (what & 0x20) != 0 ? 0xffffffff : bytes.next32();
        auto why =
            (what & 1) != 0 ? judge.write(offset, size, value) : judge.read(offset, size, value);
        if (!why.empty()) return why;
    }
    return judge.verdict();
}

}  // namespace tenon::support

#include "model/function/as_qemu.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <utility>

#include "device/untold_bars.hpp"
#include "model/function/ats.hpp"
#include "model/function/bar_plan.hpp"
#include "model/function/qemu_pasid.hpp"
#include "model/function/qemu_rules.hpp"
#include "model/function/vfio_bytes.hpp"
#include "pci/header.hpp"
#include "pci/msix.hpp"

namespace tenon::model::function {
namespace {

using chosen::CapabilityList;
using chosen::QemuPlace;

constexpr std::uint64_t page_size = 4096;

bool is_on_express_bus(QemuPlace place) {
    return place == QemuPlace::Port || place == QemuPlace::RootBus;
}

class QemuViewer {
public:
    QemuViewer(const device::DeviceFacts& facts, const pci::ConfigImage& config,
               const HostLists& lists, const chosen::FunctionProperties& properties,
               const chosen::Target& target, FunctionView& view)
        : facts_{facts},
          properties_{properties},
          target_{target},
          view_{view},
          chain_{find_host_chain(facts, lists)},
          config_{bytes_of_vfio(facts, config, chain_)} {}

    void run() {
        auto& warnings = view_.warnings;
        warnings.insert(warnings.end(), chain_.findings.begin(), chain_.findings.end());
        header();
        settle_ats();
        // Where nothing past the header was read, the lists are not known.
        if (config_.known() <= pci::header_size) return note_keys();
        // QEMU looks at the extended list only where it found a standard one.
        const bool any = standard();
        extended(any);
        view_.config_size = view_.express_at != 0 && is_on_express_bus(target_.place)
                                ? pci::express_size
                                : pci::conventional_size;
        quirks();
        note_leaks();
        note_keys();
    }

private:
    void header() {
        using namespace pci::header;
        auto& map = view_.map;
        map.start = config_;
        // What no rule names is the device's, and the guest's writes reach it.
        map.pass(0, pci::express_size);
        for (const auto& [at, size] :
             {std::pair{vendor_id, std::size_t{4}}, std::pair{revision_id, std::size_t{4}},
              std::pair{header_type, std::size_t{1}},
              std::pair{cardbus_information, std::size_t{8}},
              std::pair{capabilities_pointer, std::size_t{8}},
              std::pair{interrupt_pin, std::size_t{3}}})
            map.show(at, size);
        map.emulate_bits(header_type, pci::MultiFunction::mask, 0);
        // Opened, the kernel has said for itself whether it hides the pin.
        if (!facts_.vfio)
            map.start.write<std::uint8_t>(interrupt_pin, view_.intx ? view_.intx->pin : 0);
        map.hide(bar0, 24);
        map.hide(rom_address, 4);
        for (const auto& bar : view_.bars)
            emulate_bar(map, bar);
    }

    // Asked for and refused by the kernel, QEMU does not start; without the capability it does.
    void settle_ats() {
        auto properties = properties_;
        if (!target_.takes_ats && properties.ats.origin == chosen::PropertyOrigin::User)
            properties.ats = {.value = chosen::AtsMode::On,
                              .origin = chosen::PropertyOrigin::Compatibility};
        const bool reached = is_express_sized() && is_on_express_bus(target_.place);
        const bool present =
            reached && std::ranges::any_of(chain_.extended, [](const HostEntry& entry) {
                return entry.shown && entry.capability.id == pci::extended_id::ats;
            });
        properties.ats_strict = present && properties.ats.origin == chosen::PropertyOrigin::User;
        Known<bool> host = facts_.iommu.ats;
        if (properties.interface == device::Interface::Group)
            host = Unknown{"without iommufd QEMU is told nothing"};
        const bool read = config_.known() > pci::conventional_size ||
                          (config_.known() > pci::header_size && !reached);
        ats_ = decide_ats(
            properties, host,
            read ? Known<bool>{present} : Unknown{"the extended configuration space was not read"});
        if (ats_.warning) view_.warnings.push_back(*ats_.warning);
        if (ats_.refusal) view_.reasons.push_back(*ats_.refusal);
        view_.properties.push_back(ats_.report);
    }

    // Bytes from a header to the next one that VFIO shows: what QEMU takes for a size.
    static std::size_t room_of(const std::vector<HostEntry>& entries, std::size_t at,
                               std::size_t end) {
        auto room = end - at;
        for (const auto& other : entries)
            if (other.shown && other.capability.at > at)
                room = std::min<std::size_t>(room, other.capability.at - at);
        return room;
    }

    chosen::Decision decide(const HostEntry& entry, const std::vector<HostEntry>& all,
                            std::size_t end) {
        const auto& capability = entry.capability;
        const auto& kind = pci::kind_of(capability.list, capability.id);
        chosen::Decision decision{.list = capability.list,
                                  .id = capability.id,
                                  .name = std::string{kind.name},
                                  .host_offset = capability.at,
                                  .size = capability.size,
                                  .action = chosen::Action::Hide,
                                  .source = std::string{kind.source}};
        if (!entry.shown) {
            decision.why = fmt::format("{}; its registers can be read and written", kind.why);
            leaks_.push_back(fmt::format("{} at {:#x}", kind.name, capability.at));
            return decision;
        }
        if (kind.kernel == pci::KernelTreatment::ReadOnly)
            view_.map.show(capability.at, entry.reach());
        auto outcome = apply_qemu_rule({.facts = facts_,
                                        .config = config_,
                                        .properties = properties_,
                                        .target = target_,
                                        .ats = ats_,
                                        .view = view_,
                                        .bars_known = device::bars_are_known(facts_)},
                                       capability, room_of(all, capability.at, end));
        decision.action = outcome.action;
        decision.why = std::move(outcome.why);
        if (!outcome.linked) decision.why += "; its registers can be read";
        decision.source = std::move(outcome.source);
        if (outcome.linked) decision.guest_offset = capability.at;
        return decision;
    }

    // Whether QEMU found a list, and made its own of it. Else pointer and status stay the device's.
    bool standard() {
        using namespace pci::header;
        constexpr auto list = std::uint8_t{pci::CapabilitiesList::mask};
        const bool any =
            (config_.read8(status) & list) != 0 && config_.read8(capabilities_pointer) != 0;
        auto link = std::size_t{capabilities_pointer};
        if (any) view_.map.emulate<std::uint8_t>(link, 0);
        for (const auto& entry : chain_.standard) {
            auto decision = decide(entry, chain_.standard, pci::conventional_size);
            const auto at = std::size_t{entry.capability.at};
            // Of one that is not linked the link stays as VFIO shows it.
            if (entry.shown) view_.map.emulate<std::uint8_t>(at + 1, config_.read8(at + 1));
            if (decision.guest_offset) {
                view_.map.emulate<std::uint8_t>(link, static_cast<std::uint8_t>(at));
                link = at + 1;
                view_.map.emulate<std::uint8_t>(link, 0);
            }
            view_.capabilities.push_back(std::move(decision));
        }
        if (any) view_.map.emulate_bits(status, list, list);
        return any;
    }

    void extended(bool any_standard) {
        const auto first = config_.read32(pci::first_extended);
        const bool any = any_standard && is_express_sized() && first != 0 &&
                         is_on_express_bus(target_.place) && !chain_.extended.empty();
        std::vector<chosen::Decision> decisions;
        for (const auto& entry : chain_.extended) {
            if (any) {
                decisions.push_back(decide(entry, chain_.extended, pci::express_size));
                continue;
            }
            auto& decision = decisions.emplace_back(decide_unseen(entry));
            if (is_on_express_bus(target_.place) && !any_standard)
                decision.why = "QEMU found no standard list, and looks for no other";
        }
        if (any) {
            link_kept(decisions);
            view_pasid_as_qemu(facts_, config_, chain_, properties_, true, view_, decisions);
            link(decisions);
        } else {
            view_pasid_as_qemu(facts_, config_, chain_, properties_, false, view_, decisions);
        }
        view_.capabilities.insert(view_.capabilities.end(),
                                  std::make_move_iterator(decisions.begin()),
                                  std::make_move_iterator(decisions.end()));
    }

    bool is_express_sized() const {
        if (facts_.vfio)
            return facts_.vfio->regions[device::config_region].size > pci::conventional_size;
        return std::ranges::any_of(chain_.standard, [](const HostEntry& entry) {
            return entry.shown && entry.capability.id == pci::capability_id::pci_express;
        });
    }

    static chosen::Decision decide_unseen(const HostEntry& entry) {
        const auto& capability = entry.capability;
        const auto& kind = pci::kind_of(capability.list, capability.id);
        return {.list = capability.list,
                .id = capability.id,
                .name = std::string{kind.name},
                .host_offset = capability.at,
                .size = capability.size,
                .action = chosen::Action::Hide,
                .why = "the guest reaches no extended configuration space in this place",
                .source = "QEMU, hw/vfio/pci.c, vfio_add_ext_cap()"};
    }

    // All links are QEMU's; those of dropped ones stay as VFIO shows them.
    void link_kept(const std::vector<chosen::Decision>& decisions) {
        for (const auto& entry : chain_.extended)
            if (entry.shown) own_link(entry.capability.at, config_.read32(entry.capability.at));
        const bool head = std::ranges::any_of(decisions, [](const chosen::Decision& decision) {
            return decision.guest_offset == pci::first_extended;
        });
        view_.map.emulate<std::uint32_t>(pci::first_extended,
                                         head ? config_.read32(pci::first_extended) : 0);
    }

    // The upper 12 bits of a header.
    void own_link(std::size_t at, std::uint32_t header) {
        view_.map.emulate_bits(at + 2, 0xf0, static_cast<std::uint8_t>(header >> 16));
        view_.map.emulate_bits(at + 3, 0xff, static_cast<std::uint8_t>(header >> 24));
    }

    void link(std::vector<chosen::Decision>& decisions) {
        const auto is_linked = [](const chosen::Decision& decision) {
            return decision.guest_offset.has_value();
        };
        const auto first = std::ranges::find_if(decisions, is_linked);
        if (first == decisions.end()) return;
        if (first->guest_offset != pci::first_extended) decisions.insert(first, head());
        std::optional<std::size_t> previous;
        const auto point = [&](std::size_t next) {
            if (!previous) return;
            auto& image = view_.map.start;
            own_link_at(*previous,
                        pci::ExtendedCapabilityHeader{image.read32(*previous)}
                            .with<pci::NextExtendedCapability>(static_cast<std::uint32_t>(next))
                            .raw());
        };
        for (const auto& decision : decisions) {
            if (!decision.guest_offset) continue;
            point(*decision.guest_offset);
            previous = *decision.guest_offset;
        }
        point(0);
    }

    void own_link_at(std::size_t at, std::uint32_t header) {
        if (at == pci::first_extended)
            view_.map.emulate<std::uint32_t>(at, header);
        else
            own_link(at, header);
    }

    static chosen::Decision head() {
        return {.list = CapabilityList::Extended,
                .id = pci::extended_id::null,
                .name = "Null",
                .guest_offset = static_cast<std::uint16_t>(pci::first_extended),
                .size = 4,
                .action = chosen::Action::Emulate,
                .why =
                    "the list begins at 0x100, where QEMU or the kernel dropped the capability: "
                    "this keeps the pointer to the next one",
                .source = "QEMU, hw/vfio/pci.c, vfio_add_ext_cap()"};
    }

    // Registers that QEMU makes for devices that it knows. Source: QEMU, hw/vfio/igd.c;
    // hw/vfio/pci-quirks.c, vfio_add_vmd_shadow_cap().
    void quirks() {
        constexpr std::uint16_t intel = 0x8086;
        constexpr std::uint32_t vga = 0x0300;
        constexpr std::size_t opregion_address = 0xfc;
        constexpr std::array<std::uint16_t, 4> with_shadow{0x201d, 0x467f, 0x4c3d, 0x9a0b};
        if (view_.vendor != intel) return;
        if (view_.class_code >> 8 == vga) {
            view_.map.emulate<std::uint32_t>(opregion_address, 0);
            view_.warnings.emplace_back(
                "QEMU keeps its register of the OpRegion's address at 0xfc; those of stolen memory "
                "(0x50, and 0x5c or 0xc0), which it keeps too, are not predicted");
        }
        if (std::ranges::find(with_shadow, view_.device) != with_shadow.end())
            view_.warnings.emplace_back(
                "QEMU makes a Vendor Specific capability at 0xe8 for it, which is not predicted");
    }

    void note_leaks() {
        if (leaks_.empty()) return;
        view_.warnings.push_back(fmt::format(
            "the guest can read and write registers that are in no list of it: {}. The kernel "
            "unlinks them alone, and QEMU forwards every access",
            fmt::join(leaks_, ", ")));
    }

    // Keys of Tenon's that vfio-pci has no word for.
    void note_keys() {
        std::vector<std::string> keys;
        const auto is_users = [](const auto& property) {
            return property.origin == chosen::PropertyOrigin::User;
        };
        if (is_users(properties_.intx)) keys.emplace_back("intx");
        if (is_users(properties_.pasid)) keys.emplace_back("pasid");
        if (is_users(properties_.reset)) keys.emplace_back("reset");
        if (is_users(properties_.on_error)) keys.emplace_back("on-error");
        if (!target_.takes_ats && is_users(properties_.ats)) keys.emplace_back("ats");
        if (keys.empty()) return;
        view_.warnings.push_back(
            fmt::format("{}: {} has nothing like it, and shows what it would "
                        "without",
                        fmt::join(keys, ", "), target_.as.name));
    }

    const device::DeviceFacts& facts_;
    const chosen::FunctionProperties& properties_;
    const chosen::Target& target_;
    FunctionView& view_;
    HostChain chain_;
    pci::ConfigImage config_;
    AtsOutcome ats_;
    std::vector<std::string> leaks_;
};

BarPlan* find(FunctionView& view, unsigned index) {
    const auto bar = std::ranges::find(view.bars, index, &BarPlan::index);
    return bar == view.bars.end() ? nullptr : &*bar;
}

// Why the table cannot go there; empty: it can.
std::string refusal(FunctionView& view, unsigned index) {
    constexpr std::uint64_t most_of_32_bits = std::uint64_t{1} << 30;
    const auto* const bar = find(view, index);
    const auto* const below = index == 0 ? nullptr : find(view, index - 1);
    if (bar == nullptr)
        return below != nullptr && below->kind == pci::BarKind::Memory64
                   ? fmt::format("BAR {} is the upper half of BAR {}", index, index - 1)
                   : "";
    if (bar->kind == pci::BarKind::Io) return fmt::format("BAR {} has I/O ports", index);
    if (!bar->size) return fmt::format("the size of BAR {} is not known", index);
    if (*bar->size > most_of_32_bits && bar->kind == pci::BarKind::Memory32)
        return fmt::format("BAR {} is too large to be doubled", index);
    return "";
}

}  // namespace

void view_as_qemu(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                  const HostLists& lists, const chosen::FunctionProperties& properties,
                  const chosen::Target& target, FunctionView& view) {
    QemuViewer{facts, config, lists, properties, target, view}.run();
}

chosen::RomRequest rom_of_qemu(const FunctionView& view, const chosen::RomRequest& rom) {
    constexpr std::uint16_t broadcom = 0x14e4;
    constexpr std::uint16_t hangs_when_read = 0x168e;
    if (view.vendor != broadcom || view.device != hangs_when_read || rom.image) return rom;
    return {.from = chosen::RomRequest::From::Nothing, .file = {}, .image = {}};
}

void relocate_msix_as_qemu(const chosen::FunctionProperties& properties, FunctionView& view) {
    using Mode = chosen::MsixRelocation::Mode;
    const auto& wish = properties.msix_relocation.value;
    if (!view.msix || wish.mode == Mode::Off) return;
    const auto refused = wish.mode == Mode::Auto
                             ? std::string{"x-msix-relocation=auto knows no device, and fails"}
                             : refusal(view, wish.bar);
    if (!refused.empty()) {
        view.reasons.push_back({.what = "QEMU does not start with it: " + refused,
                                .remedy = "msix-relocation=off leaves the table where it is",
                                .commands = {}});
        return;
    }
    auto& msix = *view.msix;
    const auto needs = std::max(std::bit_ceil(msix.table_size() + msix.pba_size()), page_size);
    msix.device_table = {.bar = msix.table_bar, .offset = msix.table_offset};
    msix.device_pba = {.bar = msix.pba_bar, .offset = msix.pba_offset};
    msix.table_bar = msix.pba_bar = wish.bar;
    msix.table_offset = 0;
    auto* bar = find(view, wish.bar);
    if (bar == nullptr) {
        // A BAR of QEMU's own is prefetchable, and wide where the next register is free.
        const bool wide = wish.bar + 1 < device::bar_count && find(view, wish.bar + 1) == nullptr;
        BarPlan made{.index = wish.bar,
                     .kind = wide ? pci::BarKind::Memory64 : pci::BarKind::Memory32,
                     .prefetchable = true,
                     .size = needs};
        made.device_bytes = 0;
        const auto after = std::ranges::find_if(
            view.bars, [&](const BarPlan& other) { return other.index > wish.bar; });
        bar = &*view.bars.insert(after, std::move(made));
    } else {
        bar->device_bytes = *bar->size;
        bar->size = std::max(*bar->size, needs) * 2;
        msix.table_offset = static_cast<std::uint32_t>(*bar->size / 2);
    }
    msix.pba_offset = static_cast<std::uint32_t>(msix.table_offset + msix.table_size());
    emulate_bar(view.map, *bar);
    view.map.emulate<std::uint32_t>(msix.at + pci::msix::table, msix.table_offset | msix.table_bar);
    view.map.emulate<std::uint32_t>(msix.at + pci::msix::pending, msix.pba_offset | msix.pba_bar);
    view.properties.push_back({.name = "msix-relocation",
                               .value = name_of(wish),
                               .origin = properties.msix_relocation.origin,
                               .version = std::string{properties.version},
                               .effect = fmt::format("x-msix-relocation: table and pending bits "
                                                     "are in BAR {} at {:#x}",
                                                     msix.table_bar, msix.table_offset)});
}

}  // namespace tenon::model::function

#include "library/assigned_view.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "managed/traps/case.hpp"
#include "model/chosen/target.hpp"
#include "pci/header.hpp"

namespace tenon::library {
namespace {

using managed::guest::BusKind;
using managed::guest::DriverKind;
using model::chosen::AtsMode;
using model::chosen::MsixRelocation;
using model::chosen::QemuPlace;
using model::function::FunctionView;

// Properties that change bytes and are not predicted.
constexpr std::array<std::string_view, 6> not_predicted{
    "x-nv-gpudirect-clique", "x-igd-gms", "x-igd-lpc", "x-vga", "display", "failover_pair_id"};

class Viewer {
public:
    explicit Viewer(const Checked& checked)
        : checked_{checked},
          case_{checked.configuration, checked.tree, checked.host},
          pasid_width_{pasid_width()} {}

    std::vector<AssignedView> run() const {
        std::vector<AssignedView> views;
        for (const auto device : checked_.tree.order)
            for (const auto& one : case_.assigned())
                if (one.device == device && can_be_seen(one)) views.push_back(view(one));
        return views;
    }

private:
    bool can_be_seen(const managed::traps::Assigned& one) const {
        return one.facts != nullptr && one.node != nullptr && checked_.tree.is_found(*one.node) &&
               !managed::said::is_mediated(*one.option);
    }

    std::string text(std::size_t device, std::string_view name) const {
        const auto* const value = case_.value(device, name);
        return value == nullptr ? std::string{} : value->text;
    }

    std::optional<std::uint64_t> number(std::size_t device, std::string_view name) const {
        return managed::said::parse_number(text(device, name));
    }

    // Bits of PASID that the guest's IOMMU says it takes; 0: none.
    unsigned pasid_width() const {
        for (const auto device : checked_.tree.order) {
            if (case_.option(device).type != "intel-iommu" || !case_.is_on(device, "fsts"))
                continue;
            constexpr std::uint64_t most = 20;
            return static_cast<unsigned>(std::min(number(device, "pasid-bits").value_or(0), most));
        }
        return 0;
    }

    QemuPlace place_of(const managed::guest::Node& node) const {
        if (managed::said::board_of(checked_.configuration) == managed::said::Board::Pc)
            return QemuPlace::Pc;
        switch (case_.bus_kind(node)) {
            case BusKind::ExpressRoot:
                return QemuPlace::RootBus;
            case BusKind::ConventionalRoot:
                return QemuPlace::Pc;
            case BusKind::Conventional:
                return QemuPlace::Conventional;
            case BusKind::Port:
            case BusKind::SwitchInside:
                break;
        }
        return QemuPlace::Port;
    }

    model::chosen::FunctionKeys keys_of(std::size_t device) const {
        model::chosen::FunctionKeys keys;
        const auto ats = text(device, "ats");
        if (ats == "on") keys.ats = AtsMode::On;
        if (ats == "off") keys.ats = AtsMode::Off;
        const auto relocation = text(device, "x-msix-relocation");
        if (relocation == "auto")
            keys.msix_relocation = MsixRelocation{.mode = MsixRelocation::Mode::Auto};
        for (unsigned bar = 0; bar < device::bar_count; ++bar)
            if (relocation == fmt::format("bar{}", bar))
                keys.msix_relocation =
                    MsixRelocation{.mode = MsixRelocation::Mode::Bar, .bar = bar};
        const auto offset = number(device, "x-vpasid-cap-offset").value_or(0);
        if (offset != 0 && offset < pci::express_size)
            keys.pasid_offset = model::chosen::PasidOffset{static_cast<std::uint16_t>(offset)};
        return keys;
    }

    // A file of a ROM is not read: how large its BAR is stays open.
    model::chosen::RomRequest rom_of(std::size_t device, std::vector<std::string>& open) const {
        const auto* const file = case_.value(device, "romfile");
        const bool none = text(device, "rombar") == "0" || (file != nullptr && file->text.empty());
        if (file != nullptr && !none) open.emplace_back("romfile");
        if (file == nullptr && !none) return {};
        return {.from = model::chosen::RomRequest::From::Nothing, .file = {}, .image = {}};
    }

    // The ids that QEMU is told to show.
    void show_ids(std::size_t device, FunctionView& view) const {
        struct Id {
            std::string_view name;
            std::size_t at;
        };
        using namespace pci::header;
        constexpr auto ids = std::to_array<Id>({{"x-pci-vendor-id", vendor_id},
                                                {"x-pci-device-id", device_id},
                                                {"x-pci-sub-vendor-id", subsystem_vendor_id},
                                                {"x-pci-sub-device-id", subsystem_vendor_id + 2}});
        for (const auto& id : ids)
            if (const auto value = number(device, id.name); value && *value <= 0xffff)
                view.map.emulate<std::uint16_t>(id.at, static_cast<std::uint16_t>(*value));
    }

    // Source: QEMU, hw/vfio/pci.c, vfio_pci_enable_rp_atomics().
    std::uint32_t atomics_of(const managed::traps::Assigned& one, const FunctionView& view) const {
        const auto* const above = checked_.tree.above(*one.node);
        const bool lone =
            one.node->slot == 0 && one.node->function == 0 && !one.node->multifunction;
        if (above == nullptr || above->kind != DriverKind::RootPort || !lone) return 0;
        return view.atomics.counted();
    }

    // By the rules of the version that was asked for, in the place of the function.
    const model::chosen::Target& target_of(QemuPlace place) const {
        const auto asked = model::chosen::find_target(checked_.target);
        const auto targets = model::chosen::targets();
        const auto name = asked ? asked->target->name : targets.front().name;
        return *std::ranges::find_if(targets, [&](const model::chosen::Target& one) {
            return one.name == name && one.place == place;
        });
    }

    std::string by_whom(const model::chosen::Target& target) const {
        const auto asked = model::chosen::find_target(checked_.target);
        if (!asked || asked->doubt.empty()) return std::string{target.as.name};
        return fmt::format("{} for {} (in doubt: {})", target.as.name, asked->asked, asked->doubt);
    }

    AssignedView view(const managed::traps::Assigned& one) const {
        const auto* const target = &target_of(place_of(*one.node));
        AssignedView made{.device = one.device,
                          .host = one.name(),
                          .by = by_whom(*target),
                          .view = {},
                          .left_open = {}};
        auto properties = model::chosen::choose_properties(target->as, keys_of(one.device));
        properties.viommu_pasid_width = pasid_width_;
        properties.interface = case_.value(one.device, "iommufd") == nullptr
                                   ? device::Interface::Group
                                   : device::Interface::Iommufd;
        auto view = std::make_unique<FunctionView>(model::function::build_function_view(
            *one.facts, properties, rom_of(one.device, made.left_open)));
        if (view->guest_view) {
            show_ids(one.device, *view);
            constexpr auto others = std::uint8_t{pci::MultiFunction::mask};
            view->map.emulate_bits(pci::header::header_type, others,
                                   one.node->multifunction ? others : 0);
            made.atomics = atomics_of(one, *view);
        }
        for (const auto name : not_predicted)
            if (case_.value(one.device, name) != nullptr) made.left_open.emplace_back(name);
        made.view = std::move(view);
        return made;
    }

    const Checked& checked_;
    managed::traps::Case case_;
    unsigned pasid_width_;
};

}  // namespace

std::vector<AssignedView> view_assigned(const Checked& checked) { return Viewer{checked}.run(); }

std::string capabilities_in_words(const FunctionView& view) {
    std::vector<std::string> names;
    for (const auto& decision : view.capabilities)
        if (decision.guest_offset)
            names.push_back(fmt::format("{} at {:#x}", decision.name, *decision.guest_offset));
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

std::vector<std::string> lost_in_words(const FunctionView& view) {
    std::vector<std::string> lines;
    for (const auto& decision : view.capabilities)
        if (!decision.guest_offset)
            lines.push_back(fmt::format("{} ({})", decision.name,
                                        decision.why.substr(0, decision.why.find("; "))));
    return lines;
}

}  // namespace tenon::library

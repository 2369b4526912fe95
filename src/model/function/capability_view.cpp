#include "model/function/capability_view.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "device/untold_bars.hpp"
#include "model/function/adapters.hpp"
#include "model/function/ats.hpp"
#include "model/function/host_chain.hpp"
#include "model/function/pasid_view.hpp"
#include "pci/capability_sizes.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model::function {
namespace {

// Bytes of a PCI Express capability that the guest is shown registers of ours in: of an integrated
// endpoint a link as well, which its own capability may lack.
std::size_t express_needs(const pci::ConfigImage& config, std::size_t at) {
    const pci::ExpressCapabilities caps{config.read16(at + pci::express::capabilities)};
    const auto type = static_cast<pci::PortType>(caps.get<pci::DevicePortType>());
    return type == pci::PortType::RootComplexEndpoint ? pci::express::link_status + 2
                                                      : pci::express::device_status + 2;
}

struct Adapter {
    chosen::CapabilityList list;
    std::uint16_t id;
    pci::SizeRule needs;  ///< Bytes that it works on.
    Adapted (*adapt)(const AdaptContext&, const pci::Capability&);
};

constexpr std::array adapters{
    Adapter{chosen::CapabilityList::Standard, pci::capability_id::power_management,
            pci::sizes::fixed<6>, adapt_power_management},
    Adapter{chosen::CapabilityList::Standard, pci::capability_id::msi, pci::sizes::msi, adapt_msi},
    Adapter{chosen::CapabilityList::Standard, pci::capability_id::msix, pci::sizes::fixed<12>,
            adapt_msix},
    Adapter{chosen::CapabilityList::Standard, pci::capability_id::pci_express, express_needs,
            adapt_express},
    Adapter{chosen::CapabilityList::Standard, pci::capability_id::advanced_features,
            pci::sizes::fixed<6>, adapt_advanced_features},
    Adapter{chosen::CapabilityList::Extended, pci::extended_id::error_reporting,
            pci::sizes::fixed<0x2c>, adapt_error_reporting},
    Adapter{chosen::CapabilityList::Extended, pci::extended_id::resizable_bar, pci::sizes::fixed<4>,
            adapt_resizable_bar},
};

class CapabilityViewer {
public:
    CapabilityViewer(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                     const chosen::FunctionProperties& properties, FunctionView& view)
        : facts_{facts}, config_{config}, properties_{properties}, view_{view} {}

    void run(const HostLists& lists) {
        chain_ = find_host_chain(facts_, lists);
        view_.warnings.insert(view_.warnings.end(), chain_.findings.begin(), chain_.findings.end());
        standard();
        const auto room = pci::express_size - pci::conventional_size;
        if (view_.express_at != 0) {
            view_.config_size = pci::express_size;
            // Bytes that no capability owns: the guest may look, its writes end here, since what
            // the kernel unlinked without our knowing may lie there.
            view_.map.show(pci::conventional_size, room);
        } else {
            view_.map.hide(pci::conventional_size, room);
        }
        settle_ats();
        extended();
    }

private:
    static bool is_ats(const HostEntry& entry) {
        return entry.shown && entry.capability.list == chosen::CapabilityList::Extended &&
               entry.capability.id == pci::extended_id::ats;
    }

    static bool is_pasid(const HostEntry& entry) {
        return entry.shown && entry.capability.list == chosen::CapabilityList::Extended &&
               entry.capability.id == pci::extended_id::pasid;
    }

    void settle_ats() {
        Known<bool> present = view_.express_at != 0 && std::ranges::any_of(chain_.extended, is_ats);
        if (view_.express_at != 0 && config_.known() <= pci::conventional_size)
            present = Unknown{fmt::format(
                "only the first {} bytes of configuration space could be read", config_.known())};
        ats_ = decide_ats(properties_, facts_.iommu.ats, present);
        if (ats_.warning) view_.warnings.push_back(*ats_.warning);
        if (ats_.refusal) view_.reasons.push_back(*ats_.refusal);
        view_.properties.push_back(ats_.report);
    }

    // Decides one capability and applies the decision to its bytes; does not link it.
    chosen::Decision decide(const HostEntry& entry) {
        const auto& capability = entry.capability;
        const auto& kind = pci::kind_of(capability.list, capability.id);
        chosen::Decision decision{.list = capability.list,
                                  .id = capability.id,
                                  .name = std::string{kind.name},
                                  .host_offset = capability.at,
                                  .guest_offset = capability.at,
                                  .size = capability.size,
                                  .action = kind.action,
                                  .why = std::string{kind.why},
                                  .source = std::string{kind.source}};
        if (capability.list == chosen::CapabilityList::Extended && view_.express_at == 0) {
            decision.action = chosen::Action::Hide;
            decision.why =
                "an extended list needs a PCI Express capability, which the guest does not see";
        } else if (!entry.shown && kind.kernel != pci::KernelTreatment::Hidden) {
            decision.action = chosen::Action::Hide;
            decision.why = "this host's kernel does not show it";
        } else if (entry.shown && kind.kernel == pci::KernelTreatment::Hidden) {
            // A newer kernel shows what the table does not know: its registers, as they are.
            decision.action = chosen::Action::Pass;
            decision.why = "this host's kernel shows it; its own registers, read-only";
        }
        if (is_ats(entry) && !ats_.shown) {
            decision.action = chosen::Action::Hide;
            decision.why = ats_.why;
        } else if (is_pasid(entry) && properties_.pasid.value == chosen::PasidMode::Off) {
            decision.action = chosen::Action::Hide;
            decision.why = "pasid=off hides it";
        }
        apply(decision, entry, kind);
        if (decision.action == chosen::Action::Hide) decision.guest_offset = std::nullopt;
        return decision;
    }

    void apply(chosen::Decision& decision, const HostEntry& entry,
               const pci::CapabilityKind& kind) {
        auto& map = view_.map;
        const auto& capability = entry.capability;
        const auto* const adapter = std::ranges::find_if(adapters, [&](const Adapter& candidate) {
            return candidate.list == capability.list && candidate.id == capability.id;
        });
        if (decision.action != chosen::Action::Hide && adapter != adapters.end() &&
            adapter->needs(config_, capability.at) > entry.room) {
            decision.action = chosen::Action::Hide;
            decision.why = fmt::format(
                "its registers do not fit: the next capability or the end of the space comes after "
                "{} bytes",
                entry.room);
        }
        const auto reach = entry.reach();
        if (decision.action == chosen::Action::Hide) return map.hide(capability.at, reach);
        const bool writes = kind.kernel == pci::KernelTreatment::Writable ||
                            kind.kernel == pci::KernelTreatment::PartlyWritable;
        if (decision.action == chosen::Action::Emulate)
            map.own(capability.at, reach);
        else if (writes)
            map.pass(capability.at, reach);
        else
            map.show(capability.at, reach);
        if (adapter == adapters.end()) return;
        const auto adapted = adapter->adapt(
            {.config = config_, .view = view_, .bars_known = device::bars_are_known(facts_)},
            capability);
        decision.action = adapted.action;
        decision.why = adapted.why;
    }

    void standard() {
        std::size_t link = pci::header::capabilities_pointer;
        view_.map.emulate<std::uint8_t>(link, 0);
        for (const auto& entry : chain_.standard) {
            auto decision = decide(entry);
            if (decision.guest_offset) {
                const auto at = entry.capability.at;
                view_.map.start.write<std::uint8_t>(link, static_cast<std::uint8_t>(at));
                view_.map.emulate<std::uint8_t>(at, static_cast<std::uint8_t>(decision.id));
                link = at + std::size_t{1};
                view_.map.emulate<std::uint8_t>(link, 0);
            }
            view_.capabilities.push_back(std::move(decision));
        }
        const bool any = view_.map.start.read8(pci::header::capabilities_pointer) != 0;
        // A list is there, if the guest is left one.
        constexpr auto list = std::uint8_t{pci::CapabilitiesList::mask};
        view_.map.emulate_bits(pci::header::status, list, any ? list : 0);
    }

    void extended() {
        std::vector<chosen::Decision> decisions;
        decisions.reserve(chain_.extended.size() + 2);
        for (const auto& entry : chain_.extended)
            decisions.push_back(decide(entry));
        view_pasid(facts_, config_, chain_, properties_, view_, decisions);
        warn_of_pages(decisions);
        const auto visible = [](const chosen::Decision& decision) {
            return decision.guest_offset.has_value();
        };
        const auto first = std::ranges::find_if(decisions, visible);
        if (view_.express_at != 0 && first == decisions.end())
            view_.map.emulate<std::uint32_t>(pci::first_extended, 0);
        if (first != decisions.end()) {
            if (*first->guest_offset != pci::first_extended) decisions.insert(first, head());
            link(decisions);
        }
        view_.capabilities.insert(view_.capabilities.end(),
                                  std::make_move_iterator(decisions.begin()),
                                  std::make_move_iterator(decisions.end()));
    }

    // Page requests are answered for translations that ATS asked for.
    // Source: PCIe Base Spec 6.0, 10.4.
    void warn_of_pages(const std::vector<chosen::Decision>& decisions) {
        const auto sees = [&](std::uint16_t id) {
            return std::ranges::any_of(decisions, [id](const chosen::Decision& decision) {
                return decision.id == id && decision.guest_offset;
            });
        };
        if (sees(pci::extended_id::page_request) && !sees(pci::extended_id::ats))
            view_.warnings.emplace_back(
                "the guest sees the Page Request Interface without ATS, with which alone it can be "
                "used");
    }

    // The list has to begin at 0x100; where nothing is left there, this keeps the pointer.
    static chosen::Decision head() {
        return {.list = chosen::CapabilityList::Extended,
                .id = pci::extended_id::null,
                .name = "Null",
                .guest_offset = static_cast<std::uint16_t>(pci::first_extended),
                .size = 4,
                .action = chosen::Action::Emulate,
                .why =
                    "the list begins at 0x100, where the capability is hidden: this keeps the "
                    "pointer to the next one",
                .source = "PCIe Base Spec 6.0, 7.6.3"};
    }

    void link(const std::vector<chosen::Decision>& decisions) {
        const chosen::Decision* previous = nullptr;
        const auto write = [&](const chosen::Decision& decision, std::uint16_t next) {
            const auto at = *decision.guest_offset;
            // Version and id are the device's or ours; a null capability has neither.
            const auto header = decision.action == chosen::Action::Synthesize
                                    ? view_.map.start.read32(at)
                                : decision.host_offset ? config_.read32(at)
                                                       : 0;
            view_.map.emulate<std::uint32_t>(at, pci::ExtendedCapabilityHeader{header}
                                                     .with<pci::NextExtendedCapability>(next)
                                                     .raw());
        };
        for (const auto& decision : decisions) {
            if (!decision.guest_offset) continue;
            if (previous != nullptr) write(*previous, *decision.guest_offset);
            previous = &decision;
        }
        if (previous != nullptr) write(*previous, 0);
    }

    const device::DeviceFacts& facts_;
    const pci::ConfigImage& config_;
    const chosen::FunctionProperties& properties_;
    FunctionView& view_;
    HostChain chain_;
    AtsOutcome ats_;
};

}  // namespace

void view_capabilities(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                       const HostLists& lists, const chosen::FunctionProperties& properties,
                       FunctionView& view) {
    CapabilityViewer{facts, config, properties, view}.run(lists);
}

void view_unread_capabilities(const device::DeviceFacts& facts,
                              const chosen::FunctionProperties& properties, FunctionView& view) {
    const auto ats =
        decide_ats(properties, facts.iommu.ats,
                   Unknown{"only the first 64 bytes of configuration space could be read"});
    if (ats.warning) view.warnings.push_back(*ats.warning);
    if (ats.refusal) view.reasons.push_back(*ats.refusal);
    view.properties.push_back(ats.report);
    view_unread_pasid(facts, properties, view);
}

std::vector<chosen::Decision> decisions_without_guest(const pci::Capabilities& capabilities,
                                                      const std::string& why) {
    std::vector<chosen::Decision> decisions;
    for (const auto* list : {&capabilities.standard, &capabilities.extended}) {
        for (const auto& capability : *list) {
            const auto& kind = pci::kind_of(capability.list, capability.id);
            decisions.push_back({.list = capability.list,
                                 .id = capability.id,
                                 .name = std::string{kind.name},
                                 .host_offset = capability.at,
                                 .size = capability.size,
                                 .action = chosen::Action::Hide,
                                 .why = why,
                                 .source = std::string{kind.source}});
        }
    }
    return decisions;
}

}  // namespace tenon::model::function

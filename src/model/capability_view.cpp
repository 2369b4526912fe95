#include "model/capability_view.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "model/adapters.hpp"
#include "model/ats.hpp"
#include "pci/capability_sizes.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model {
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
    CapabilityList list;
    std::uint16_t id;
    pci::SizeRule needs;  ///< Bytes that it works on.
    Adapted (*adapt)(const AdaptContext&, const pci::Capability&);
};

constexpr std::array adapters{
    Adapter{CapabilityList::Standard, pci::capability_id::power_management, pci::sizes::fixed<6>,
            adapt_power_management},
    Adapter{CapabilityList::Standard, pci::capability_id::msi, pci::sizes::msi, adapt_msi},
    Adapter{CapabilityList::Standard, pci::capability_id::msix, pci::sizes::fixed<12>, adapt_msix},
    Adapter{CapabilityList::Standard, pci::capability_id::pci_express, express_needs,
            adapt_express},
    Adapter{CapabilityList::Standard, pci::capability_id::advanced_features, pci::sizes::fixed<6>,
            adapt_advanced_features},
    Adapter{CapabilityList::Extended, pci::extended_id::resizable_bar, pci::sizes::fixed<4>,
            adapt_resizable_bar},
};

// An entry of the host's chain, and whether the kernel shows it.
struct HostEntry {
    pci::Capability capability;
    bool shown = false;
    std::size_t room = 0;  // Bytes to the next header above, or to the end of the list's space.

    // Registers come in dwords: what is left of the last one is nobody else's.
    std::size_t reach() const { return std::min<std::size_t>(align_up(capability.size, 4), room); }
};

bool contains(const std::vector<pci::Capability>& entries, const pci::Capability& wanted) {
    return std::ranges::any_of(entries, [&](const pci::Capability& entry) {
        return entry.id == wanted.id && entry.at == wanted.at;
    });
}

// The host's chain of one list. The hardware's own chain where it could be read: it has what the
// kernel unlinks as well. VFIO's answer decides what is shown; without it the table does.
std::vector<HostEntry> merge(const std::vector<pci::Capability>& physical,
                             const std::vector<pci::Capability>& shown, bool vfio_known) {
    std::vector<HostEntry> entries;
    for (const auto& capability : physical) {
        const bool expected =
            pci::kind_of(capability.list, capability.id).kernel != pci::KernelTreatment::Hidden;
        entries.push_back({capability, vfio_known ? contains(shown, capability) : expected});
    }
    const auto stands_at = [&](std::uint16_t at) {
        return std::ranges::find(physical, at, &pci::Capability::at) != physical.end();
    };
    for (const auto& capability : shown)
        if (!stands_at(capability.at) && capability.id != pci::extended_id::null)
            entries.push_back({capability, true});
    return entries;
}

// Finds the room of each entry: up to the next header that either walk found, so that no decision
// reaches into the registers of another capability.
std::vector<HostEntry> with_room(std::vector<HostEntry> entries, std::size_t end) {
    for (auto& entry : entries) {
        entry.room = end - entry.capability.at;
        for (const auto& other : entries)
            if (other.capability.at > entry.capability.at)
                entry.room =
                    std::min<std::size_t>(entry.room, other.capability.at - entry.capability.at);
        entry.capability.size =
            static_cast<std::uint16_t>(std::min<std::size_t>(entry.capability.size, entry.room));
    }
    return entries;
}

class CapabilityViewer {
public:
    CapabilityViewer(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                     const FunctionProperties& properties, FunctionView& view)
        : facts_{facts}, config_{config}, properties_{properties}, view_{view} {}

    void run() {
        const auto physical =
            facts_.physical ? pci::list_capabilities(*facts_.physical) : pci::Capabilities{};
        const auto shown =
            facts_.vfio ? pci::list_capabilities(facts_.vfio->config) : pci::Capabilities{};
        view_.warnings.insert(view_.warnings.end(), physical.findings.begin(),
                              physical.findings.end());
        standard(with_room(merge(physical.standard, shown.standard, bool{facts_.vfio}),
                           pci::conventional_size));
        const auto room = pci::express_size - pci::conventional_size;
        if (view_.express_at != 0) {
            view_.config_size = pci::express_size;
            // Bytes that no capability owns: the guest may look, its writes end here, since what
            // the kernel unlinked without our knowing may lie there.
            view_.map.show(pci::conventional_size, room);
        } else {
            view_.map.hide(pci::conventional_size, room);
        }
        const auto entries = with_room(merge(physical.extended, shown.extended, bool{facts_.vfio}),
                                       pci::express_size);
        settle_ats(entries);
        extended(entries);
    }

private:
    static bool is_ats(const HostEntry& entry) {
        return entry.shown && entry.capability.id == pci::extended_id::ats;
    }

    void settle_ats(const std::vector<HostEntry>& entries) {
        Known<bool> present = view_.express_at != 0 && std::ranges::any_of(entries, is_ats);
        if (view_.express_at != 0 && config_.known() <= pci::conventional_size)
            present = Unknown{"only the first 256 bytes of configuration space could be read"};
        ats_ = decide_ats(properties_, facts_.iommu.ats, present);
        if (ats_.warning) view_.warnings.push_back(*ats_.warning);
        if (ats_.refusal) view_.reasons.push_back(*ats_.refusal);
        view_.properties.push_back(ats_.report);
    }

    // Decides one capability and applies the decision to its bytes; does not link it.
    Decision decide(const HostEntry& entry) {
        const auto& capability = entry.capability;
        const auto& kind = pci::kind_of(capability.list, capability.id);
        Decision decision{.list = capability.list,
                          .id = capability.id,
                          .name = std::string{kind.name},
                          .host_offset = capability.at,
                          .guest_offset = capability.at,
                          .size = capability.size,
                          .action = kind.action,
                          .why = std::string{kind.why},
                          .source = std::string{kind.source}};
        if (capability.list == CapabilityList::Extended && view_.express_at == 0) {
            decision.action = Action::Hide;
            decision.why =
                "an extended list needs a PCI Express capability, which the guest does not see";
        } else if (!entry.shown && kind.kernel != pci::KernelTreatment::Hidden) {
            decision.action = Action::Hide;
            decision.why = "this host's kernel does not show it";
        } else if (entry.shown && kind.kernel == pci::KernelTreatment::Hidden) {
            // A newer kernel shows what the table does not know: its registers, as they are.
            decision.action = Action::Pass;
            decision.why = "this host's kernel shows it; its own registers, read-only";
        } else if (is_ats(entry) && !ats_.shown) {
            decision.action = Action::Hide;
            decision.why = ats_.why;
        }
        apply(decision, entry, kind);
        if (decision.action == Action::Hide) decision.guest_offset = std::nullopt;
        return decision;
    }

    void apply(Decision& decision, const HostEntry& entry, const pci::CapabilityKind& kind) {
        auto& map = view_.map;
        const auto& capability = entry.capability;
        const auto* const adapter = std::ranges::find_if(adapters, [&](const Adapter& candidate) {
            return candidate.list == capability.list && candidate.id == capability.id;
        });
        if (decision.action != Action::Hide && adapter != adapters.end() &&
            adapter->needs(config_, capability.at) > entry.room) {
            decision.action = Action::Hide;
            decision.why = fmt::format(
                "its registers do not fit: the next capability or the end of the space comes after "
                "{} bytes",
                entry.room);
        }
        const auto reach = entry.reach();
        if (decision.action == Action::Hide) return map.hide(capability.at, reach);
        const bool writes = kind.kernel == pci::KernelTreatment::Writable ||
                            kind.kernel == pci::KernelTreatment::PartlyWritable;
        if (decision.action == Action::Emulate)
            map.own(capability.at, reach);
        else if (writes)
            map.pass(capability.at, reach);
        else
            map.show(capability.at, reach);
        if (adapter == adapters.end()) return;
        const auto adapted = adapter->adapt(
            {.config = config_, .view = view_, .bars_known = facts_.vfio || facts_.resources},
            capability);
        decision.action = adapted.action;
        decision.why = adapted.why;
    }

    void standard(const std::vector<HostEntry>& entries) {
        std::size_t link = pci::header::capabilities_pointer;
        view_.map.emulate<std::uint8_t>(link, 0);
        for (const auto& entry : entries) {
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
        // Status bit 4: a list is there, if the guest is left one.
        view_.map.emulate_bits(pci::header::status, 0x10, any ? 0x10 : 0);
    }

    void extended(const std::vector<HostEntry>& entries) {
        std::vector<Decision> decisions;
        decisions.reserve(entries.size());
        for (const auto& entry : entries)
            decisions.push_back(decide(entry));
        const auto visible = [](const Decision& decision) {
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

    // The list has to begin at 0x100; where nothing is left there, this keeps the pointer.
    static Decision head() {
        return {.list = CapabilityList::Extended,
                .id = pci::extended_id::null,
                .name = "Null",
                .guest_offset = static_cast<std::uint16_t>(pci::first_extended),
                .size = 4,
                .action = Action::Emulate,
                .why =
                    "the list begins at 0x100, where the capability is hidden: this keeps the "
                    "pointer to the next one",
                .source = "PCIe Base Spec 6.0, 7.6.3"};
    }

    void link(const std::vector<Decision>& decisions) {
        const Decision* previous = nullptr;
        const auto write = [&](const Decision& decision, std::uint16_t next) {
            const auto at = *decision.guest_offset;
            // Version and id are the device's; a null capability has neither.
            const auto header = decision.host_offset ? config_.read32(at) & 0x000fffff : 0;
            view_.map.emulate<std::uint32_t>(at, header | static_cast<std::uint32_t>(next) << 20);
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
    const FunctionProperties& properties_;
    FunctionView& view_;
    AtsOutcome ats_;
};

}  // namespace

void view_capabilities(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                       const FunctionProperties& properties, FunctionView& view) {
    CapabilityViewer{facts, config, properties, view}.run();
}

std::vector<Decision> decisions_without_guest(const pci::Capabilities& capabilities,
                                              const std::string& why) {
    std::vector<Decision> decisions;
    for (const auto* list : {&capabilities.standard, &capabilities.extended}) {
        for (const auto& capability : *list) {
            const auto& kind = pci::kind_of(capability.list, capability.id);
            decisions.push_back({.list = capability.list,
                                 .id = capability.id,
                                 .name = std::string{kind.name},
                                 .host_offset = capability.at,
                                 .size = capability.size,
                                 .action = Action::Hide,
                                 .why = why,
                                 .source = std::string{kind.source}});
        }
    }
    return decisions;
}

}  // namespace tenon::model

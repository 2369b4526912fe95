#include "library/emit.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "library/words.hpp"
#include "managed/emit/kubevirt.hpp"
#include "managed/emit/libvirt.hpp"
#include "managed/emit/prepared.hpp"
#include "managed/emit/proxmox.hpp"
#include "managed/emit/qemu.hpp"
#include "model/chosen/target.hpp"

namespace tenon::library {
namespace {

using managed::said::Manager;
using model::chosen::PropertyOrigin;
using model::chosen::PropertyReport;
namespace to = managed::emit;

struct Row {
    std::string_view name;
    Manager manager;
    std::string (*words)(const to::Machine& machine);
    bool chooses_places = false;  // Itself, whatever it is told.
};

constexpr auto rows =
    std::to_array<Row>({{"qemu", Manager::Qemu, to::qemu_command},
                        {"libvirt", Manager::Libvirt, to::libvirt_domain},
                        {"proxmox", Manager::Proxmox, to::proxmox_config},
                        {"kubevirt", Manager::KubeVirt, to::kubevirt_instance, true}});

constexpr std::uint16_t ats_capability = 0x0f;

constexpr unsigned most_address_bits = 52;  // Of x86-64.

to::Place place_of(model::chosen::QemuPlace place) {
    switch (place) {
        case model::chosen::QemuPlace::RootBus:
            return to::Place::RootBus;
        case model::chosen::QemuPlace::Conventional:
            return to::Place::Conventional;
        case model::chosen::QemuPlace::Pc:
            return to::Place::Pc;
        case model::chosen::QemuPlace::Port:
            break;
    }
    return to::Place::Port;
}

// What the user said of a property; empty: nothing.
std::string_view said_of(const std::vector<PropertyReport>& reports, std::string_view name) {
    const auto report = std::ranges::find(reports, name, &PropertyReport::name);
    return report != reports.end() && report->origin == PropertyOrigin::User
               ? std::string_view{report->value}
               : std::string_view{};
}

bool hides_ats(const model::function::FunctionView& view) {
    return std::ranges::any_of(view.capabilities, [](const model::chosen::Decision& one) {
        return one.list == model::chosen::CapabilityList::Extended && one.id == ats_capability &&
               one.host_offset && !one.guest_offset;
    });
}

to::Ats ats_of(const model::function::FunctionView& view) {
    const auto said = said_of(view.properties, "ats");
    if (said == "off" || hides_ats(view)) return to::Ats::Off;
    return said == "on" ? to::Ats::On : to::Ats::Auto;
}

// Bits of the addresses that the host's IOMMU maps for it.
std::optional<unsigned> iommu_bits(const device::DeviceFacts& facts) {
    if (!facts.iommu.iova || facts.iommu.iova->empty()) return std::nullopt;
    return static_cast<unsigned>(std::bit_width(facts.iommu.iova->back().last));
}

// A function that a guest could have, of which there are words and no bytes.
bool is_known_by_words(const device::DeviceFacts& facts) {
    constexpr std::uint32_t bridge = 0x06;
    return known_config(facts) == 0 && facts.words && !facts.words->is_bridge &&
           facts.words->class_code.value_or(0) >> 16 != bridge;
}

class Converter {
public:
    explicit Converter(const model::machine::MachinePlan& plan) : from_{plan} {}

    to::Machine convert() {
        target();
        machine_.processors = from_.vcpus;
        machine_.memory = {.size = from_.memory.size,
                           .page = from_.memory.page,
                           .node = from_.memory.node,
                           .strict = from_.memory.strict};
        if (from_.physical_bits) machine_.address_bits = *from_.physical_bits;
        machine_.window64 = from_.memory64_needed;
        for (const auto& port : from_.ports)
            this->port(*port);
        viommu();
        for (const auto& one : machine_.ports)
            tokens(one);
        for (const auto& problem : from_.problems)
            lack("the plan has a problem: {}", problem.what);
        return std::move(machine_);
    }

private:
    template <typename... Parts>
    void lack(fmt::format_string<Parts...> format, Parts&&... parts) {
        machine_.lacks.push_back(fmt::format(format, std::forward<Parts>(parts)...));
    }

    // Whether the guest finds anything from 0x100 on, where ATS is.
    bool reaches_extended() const {
        return machine_.place == to::Place::Port || machine_.place == to::Place::RootBus;
    }

    // Whose words, and where, if the plan is one of QEMU's guest.
    void target() {
        const auto choice = model::chosen::find_target(from_.version);
        if (!choice) return;
        machine_.place = place_of(choice->target->place);
        const auto said = std::ranges::find(from_.properties, "target", &PropertyReport::name);
        if (said == from_.properties.end()) return;
        constexpr std::string_view before = "qemu-";
        if (said->value.starts_with(before)) machine_.qemu = said->value.substr(before.size());
        if (said->value != choice->target->name) lack("QEMU {}: {}", machine_.qemu, said->effect);
    }

    void port(const model::slot::PortPlan& plan) {
        to::Port port{.name = plan.name,
                      .slot = plan.guest.device,
                      .function = plan.guest.function,
                      .shares_device = plan.shares_device,
                      .physical_slot = plan.slot_number,
                      .hotplug = plan.rules.hotplug.value,
                      .memory = plan.reserve.memory,
                      .prefetchable = plan.reserve.prefetchable,
                      .atomics = plan.slot.atomic_completer != 0,
                      .atomics_asked = plan.rules.atomics.origin == PropertyOrigin::User &&
                                       plan.slot.atomic_completer != 0};
        for (const auto& function : plan.functions)
            this->function(function, port);
        // Nothing of it may have been for a guest. Other ports may need it as function 0.
        if (port.functions.empty() && !plan.functions.empty() && !port.shares_device) return;
        if (plan.functions.empty()) {
            if (!port.memory) port.memory = plan.memory.size;
            if (!port.prefetchable) port.prefetchable = plan.prefetchable.size;
        } else if (std::ranges::any_of(plan.functions,
                                       [](const auto& one) { return one.view.express_at != 0; })) {
            port.speed = plan.slot.link_speed;
            port.width = plan.slot.link_width;
        }
        of_port(plan);
        machine_.ports.push_back(std::move(port));
    }

    void of_port(const model::slot::PortPlan& plan) {
        const auto atomics = said_of(plan.properties, "atomics");
        if (!atomics.empty() && atomics != "auto")
            lack(
                "atomics={} of the port {}: QEMU's port completes what the host does for a "
                "function that is alone in its slot, and cannot be told otherwise",
                atomics, plan.name);
        if (plan.rules.express_version != 2)
            lack("express={} of the port {}: QEMU's port has version 2", plan.rules.express_version,
                 plan.name);
    }

    void function(const model::slot::FunctionPlan& plan, to::Port& port) {
        const auto& view = plan.view;
        if (plan.backend)
            return lack("{} is left out: a process behind a socket is not written yet", view.host);
        if (!view.guest_view && !is_known_by_words(plan.facts))
            return lack("{} is left out: {}", view.host, why_not(view));
        // QEMU needs no bytes to be told of it.
        if (!view.guest_view)
            lack(
                "{}: its registers are not known, and so not whether the guest gets what the plan "
                "would say",
                view.host);
        if (!view.reasons.empty())
            lack("{} cannot be assigned as it is: {}", view.host, why_not(view));
        to::Function one{.id = view.id,
                         .host = view.host,
                         .vendor = view.vendor,
                         .device = view.device,
                         .number = view.function,
                         .completes_atomics = view.atomics.counted() != 0,
                         .ats = reaches_extended() ? ats_of(view) : to::Ats::Auto,
                         .iommufd = plan.access.interface == device::Interface::Iommufd};
        if (plan.facts.address) one.address = *plan.facts.address;
        if (view.msix && view.msix->device_table) one.msix_bar = view.msix->table_bar;
        if (view.pasid) one.pasid_at = view.pasid->at;
        if (plan.access.vf_token) one.vf_token = to_string(*plan.access.vf_token);
        if (plan.rom.from == model::chosen::RomRequest::From::Nothing) one.rom = to::Rom::None;
        if (plan.rom.from == model::chosen::RomRequest::From::File) {
            one.rom = to::Rom::File;
            one.rom_file = plan.rom.file;
        }
        of_function(plan);
        if (const auto bits = iommu_bits(plan.facts);
            bits && *bits < machine_.address_bits.value_or(most_address_bits)) {
            machine_.address_bits = bits;
            machine_.narrowed = true;
        }
        port.functions.push_back(std::move(one));
    }

    static std::string why_not(const model::function::FunctionView& view) {
        return view.reasons.empty() ? "no guest could see it" : view.reasons.front().what;
    }

    void of_function(const model::slot::FunctionPlan& plan) {
        struct Key {
            std::string_view name;
            std::string_view usual;
            std::string_view consequence;
        };
        // Keys that the version has no word for.
        for (const auto& warning : plan.view.warnings)
            if (warning.contains(" has nothing like it")) lack("{}: {}", plan.view.host, warning);
        static constexpr auto keys = std::to_array<Key>(
            {{"intx", "auto", "QEMU shows INTx, and delivers it its own way"},
             {"reset", "auto", "QEMU resets it in its own way when the guest starts"},
             {"on-error", "report", "QEMU stops the guest when the host is told of an error"}});
        for (const auto& key : keys)
            if (const auto said = said_of(plan.view.properties, key.name);
                !said.empty() && said != key.usual)
                lack("{}={} of {} cannot be said: {}", key.name, said, plan.view.host,
                     key.consequence);
    }

    void tokens(const to::Port& port) {
        for (const auto& one : port.functions)
            if (one.iommufd && !one.vf_token.empty())
                lack(
                    "the token of {} is left out: QEMU binds to iommufd without it, and the "
                    "kernel refuses that",
                    one.host);
    }

    bool shows_pasid() const {
        return std::ranges::any_of(machine_.ports, [](const to::Port& port) {
            return std::ranges::any_of(
                port.functions, [](const to::Function& one) { return one.pasid_at.has_value(); });
        });
    }

    void viommu() {
        const bool pasid = shows_pasid();
        if (from_.iommu == nullptr && !pasid) return;
        to::Viommu viommu{.first_stage = pasid};
        if (from_.iommu != nullptr) {
            const auto& shape = from_.iommu->unit.shape;
            viommu.interrupt_remapping = shape.interrupt_remapping();
            viommu.device_tlb = shape.device_tlb();
            viommu.scalable = shape.scalable();
            viommu.address_bits = shape.address_bits() >= 48 ? 48 : 39;
            viommu.pasid_bits = shape.pasid_width();
        }
        if (pasid) {
            viommu.address_bits = 48;
            viommu.pasid_bits = std::max(viommu.pasid_bits, from_.viommu_pasid_width);
            for (auto& port : machine_.ports)
                for (auto& one : port.functions)
                    one.iommufd = true;
            lack(
                "PASID: QEMU shows it with first-stage tables alone (fsts=on), which the host's "
                "IOMMU has to walk, and through iommufd");
        }
        machine_.viommu = viommu;
    }

    const model::machine::MachinePlan& from_;
    to::Machine machine_;
};

}  // namespace

std::vector<std::string_view> emitted_managers() {
    std::vector<std::string_view> names;
    for (const auto& row : rows)
        names.push_back(row.name);
    return names;
}

std::optional<Manager> find_emitted(std::string_view name) {
    const auto* const row = std::ranges::find(rows, name, &Row::name);
    return row == rows.end() ? std::nullopt : std::optional{row->manager};
}

Result<to::Prefer> parse_prefer(std::string_view text) {
    if (text.empty()) return to::Prefer::Planned;
    if (text == "atomics") return to::Prefer::Atomics;
    if (text == "one-slot") return to::Prefer::OneSlot;
    return malformed("--prefer {}: known are atomics, one-slot", text);
}

to::Machine machine_to_emit(const model::machine::MachinePlan& plan) {
    return Converter{plan}.convert();
}

Result<std::string> emit(const model::machine::MachinePlan& plan, Manager manager,
                         to::Prefer prefer) {
    const auto* const row = std::ranges::find(rows, manager, &Row::manager);
    auto machine = machine_to_emit(plan);
    if (row->chooses_places) return row->words(machine);
    TENON_TRY(prepared, to::prepared(std::move(machine), prefer), "");
    return row->words(prepared);
}

}  // namespace tenon::library

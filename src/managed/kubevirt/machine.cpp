#include "managed/kubevirt/machine.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "managed/kubevirt/yaml.hpp"
#include "managed/libvirt/slots.hpp"
#include "managed/libvirt/wanted.hpp"

namespace tenon::managed::kubevirt {
namespace {

using libvirt::Habit;
using libvirt::Wanted;

constexpr std::size_t most_devices = 200;

bool is_true(const Yaml& value) { return value.text() == "true"; }

// Bytes of a Kubernetes quantity: 8Gi, 512M, a number. None: another form.
std::optional<std::uint64_t> quantity(std::string_view text) {
    std::uint64_t unit = 1;
    if (text.ends_with('i')) {
        text.remove_suffix(1);
        return said::parse_size(text, 1);
    }
    if (!text.empty() && (text.back() < '0' || text.back() > '9')) {
        const auto power = std::string_view{"kMGT"}.find(text.back());
        if (power == std::string_view::npos) return std::nullopt;
        for (std::size_t n = 0; n <= power; ++n)
            unit *= 1000;
        text.remove_suffix(1);
    }
    const auto number = said::parse_size(text, 1);
    if (!number || *number > (std::uint64_t{1} << 60) / unit) return std::nullopt;
    return *number * unit;
}

class Reader {
public:
    Reader(Yaml domain, const Yaml& annotations, said::Configuration& to)
        : domain_{std::move(domain)},
          on_root_{is_true(annotations.at("kubevirt.io/placePCIDevicesOnRootComplex"))},
          to_{to} {}

    void read() {
        machine();
        processor();
        devices();
        place_devices(std::move(wanted_), domain_.at("devices").place(), to_);
    }

private:
    void machine() {
        const auto type = domain_.path("machine.type");
        to_.machine.add("type", type.text().empty()
                                    ? said::Value{.text = "q35", .place = domain_.place()}
                                    : type.value());
        to_.accelerator.add("accel", {.text = "kvm", .place = domain_.place()});
        if (domain_.path("firmware.bootloader.efi").is_there())
            to_.firmware = said::Firmware::Flash;
        for (const auto* const path : {"resources.requests.memory", "memory.guest"}) {
            const auto memory = domain_.path(path);
            if (const auto bytes = quantity(memory.text()))
                to_.memory.add("size",
                               {.text = fmt::format("{}b", *bytes), .place = memory.place()});
        }
    }

    void processor() {
        const auto cpu = domain_.at("cpu");
        const auto model = cpu.at("model").text();
        said::Option option{.type = model.empty()                 ? "host-model"
                                    : model == "host-passthrough" ? "host"
                                                                  : model,
                            .id = {},
                            .place = cpu.is_there() ? cpu.place() : domain_.place(),
                            .properties = {},
                            .origin = model.empty() ? "no cpu.model, so host-model"
                                                    : fmt::format("model: {}", model)};
        if (option.type == "host-model")
            option.properties.add("host-phys-bits", {.text = "on", .place = option.place});
        const auto hidden = domain_.path("features.kvm.hidden");
        if (is_true(hidden)) option.properties.add("kvm", {.text = "off", .place = hidden.place()});
        const auto hyperv = domain_.path("features.hyperv");
        for (const auto& name : hyperv.keys()) {
            const auto one = hyperv.at(name);
            if (one.at("enabled").text() == "false") continue;
            const bool vendor = name == "vendorid";
            option.properties.add(
                vendor ? "hv-vendor-id" : fmt::format("hv-{}", name),
                {.text = vendor ? one.at("vendorid").text() : "on", .place = one.place()});
        }
        to_.cpus.push_back(std::move(option));
    }

    void devices() {
        const auto devices = domain_.at("devices");
        if (devices.at("autoattachGraphicsDevice").text() != "false")
            wanted_.emulated.push_back(
                {.option = option("VGA", "", devices, "a display"), .habit = Habit::Root});
        const auto balloon = devices.at("autoattachMemBalloon");
        if (is_true(balloon))
            wanted_.emulated.push_back(
                {.option = option("virtio-balloon-pci", "", balloon, "autoattachMemBalloon: true"),
                 .habit = on_root_ ? Habit::Root : Habit::Port,
                 .rank = libvirt::Rank::Balloon});
        assign(devices.at("gpus"), "gpus", "ua-gpu");
        assign(devices.at("hostDevices"), "hostDevices", "ua-hostdevice");
        for (const auto& one : devices.at("interfaces").items(most_devices))
            if (one.at("sriov").is_there()) assign(one, "interfaces", "ua-sriov");
    }

    void assign(const Yaml& list, std::string_view key, std::string_view prefix) {
        if (!list.items(1).empty()) {
            for (const auto& one : list.items(most_devices))
                assign(one, key, prefix);
            return;
        }
        const auto name = list.at("name");
        if (!name.is_there()) return;
        const auto resource = list.at("deviceName").text();
        Wanted wanted{.option = option("vfio-pci", fmt::format("{}-{}", prefix, name.text()), list,
                                       fmt::format("{}: {}{}{}", key, name.text(),
                                                   resource.empty() ? "" : ", ", resource)),
                      .habit = on_root_ ? Habit::Root : Habit::Port};
        wanted_.assigned.push_back(std::move(wanted));
    }

    static said::Option option(std::string type, std::string id, const Yaml& from,
                               std::string origin) {
        return {.type = std::move(type),
                .id = std::move(id),
                .form = said::Form::Json,
                .place = from.place(),
                .properties = {},
                .origin = std::move(origin)};
    }

    Yaml domain_;
    bool on_root_;
    said::Configuration& to_;
    libvirt::WantedDevices wanted_;
};

// The machine in an object: in it, in its template, or in the first element of a list.
std::optional<Yaml> find_instance(const Yaml& object) {
    for (const auto* const path :
         {"spec", "spec.template.spec", "spec.virtualMachineTemplate.spec.template.spec"})
        if (auto spec = object.path(path); spec.at("domain").is_there()) return spec;
    return std::nullopt;
}

Yaml annotations_of(const Yaml& object) {
    for (const auto* const path :
         {"spec.template.metadata.annotations",
          "spec.virtualMachineTemplate.spec.template.metadata.annotations"})
        if (const auto found = object.path(path); found.is_there()) return found;
    return object.path("metadata.annotations");
}

std::vector<Yaml> objects_of(const std::vector<Yaml>& documents) {
    std::vector<Yaml> objects;
    for (const auto& document : documents) {
        objects.push_back(document);
        std::ranges::move(document.at("items").items(most_devices), std::back_inserter(objects));
    }
    return objects;
}

}  // namespace

bool is_machine(std::string_view text) {
    text = text.substr(0, longest_document);
    if (trimmed(text).starts_with('<') || !text.contains("kubevirt.io/v")) return false;
    return std::ranges::any_of(split(text, '\n'), [](std::string_view line) {
        line = trimmed(line);
        if (line.starts_with("- ")) line = trimmed(line.substr(2));
        return line.starts_with("apiVersion:") || line.starts_with("\"apiVersion\":") ||
               line.starts_with("{\"apiVersion\":");
    });
}

Result<said::Configuration> read_machine(std::string_view text, std::string_view file) {
    if (text.size() > longest_document)
        return malformed("{}: more than {}", file, format_size(longest_document));
    TENON_TRY(documents, read_yaml(text, file), "");
    for (const auto& object : objects_of(documents)) {
        const auto spec = find_instance(object);
        if (!spec) continue;
        said::Configuration to;
        to.manager = said::Manager::KubeVirt;
        to.name = std::string{file};
        to.default_devices = false;
        Reader{spec->at("domain"), annotations_of(object), to}.read();
        return to;
    }
    return malformed("{}: has no spec.domain of a virtual machine", file);
}

}  // namespace tenon::managed::kubevirt

#include "managed/libvirt/devices.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "managed/libvirt/emulated.hpp"
#include "managed/libvirt/slots.hpp"

namespace tenon::managed::libvirt {
namespace {

using said::Option;

struct Model {
    std::string_view name;    // Of libvirt.
    std::string_view driver;  // Of QEMU, if <model name> does not say otherwise.
    Habit habit;
};

constexpr auto models =
    std::to_array<Model>({{"pcie-root-port", "pcie-root-port", Habit::Root},
                          {"pcie-expander-bus", "pxb-pcie", Habit::Root},
                          {"pci-expander-bus", "pxb", Habit::Root},
                          {"dmi-to-pci-bridge", "i82801b11-bridge", Habit::Root},
                          {"pcie-switch-upstream-port", "x3130-upstream", Habit::Port},
                          {"pcie-switch-downstream-port", "xio3130-downstream", Habit::Placed},
                          {"pcie-to-pci-bridge", "pcie-pci-bridge", Habit::Port},
                          {"pci-bridge", "pci-bridge", Habit::Conventional}});

// "0000:65:00.0" of <address domain bus slot function> in <source>.
std::string host_of(const Element& source) {
    const auto address = source.child("address");
    const auto part = [&](std::string_view name) {
        return address.has(name) ? said::parse_number(address.attribute(name))
                                 : std::optional<std::uint64_t>{0};
    };
    const auto domain = part("domain");
    const auto bus = part("bus");
    const auto slot = part("slot");
    const auto function = part("function");
    if (!address || !domain || !bus || !slot || !function) return {};
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", *domain, *bus, *slot, *function);
}

class DeviceReader {
public:
    DeviceReader(const Element& domain, said::Configuration& to)
        : domain_{domain},
          to_{to},
          q35_{said::board_of(to) == said::Board::Q35},
          iommufd_{domain.child("iommufd").attribute("enabled") == "yes"} {}

    WantedDevices read() {
        for (const auto& device : domain_.child("devices").children())
            if (has_room(device)) take(device);
        add_usual();
        further_displays();
        std::ranges::stable_sort(all_.controllers, {}, &Controller::index);
        return std::move(all_);
    }

private:
    bool has_room(const Element& device) {
        const auto count = all_.controllers.size() + all_.emulated.size() + all_.assigned.size() +
                           all_.viommus.size();
        if (count < said::most_options) return true;
        if (count == said::most_options && !full_) note(device, "and more devices are not read");
        full_ = true;
        return false;
    }

    // What libvirt adds where the domain says nothing of it.
    void add_usual() {
        const auto devices = domain_.child("devices");
        const auto add = [&](std::string type, std::string id, Rank rank, std::string_view what) {
            Wanted wanted{.option = make_option(std::move(type), std::move(id), devices),
                          .rank = rank};
            wanted.option.origin = fmt::format("{}, which libvirt adds", what);
            wanted.option.added = true;
            all_.emulated.push_back(std::move(wanted));
        };
        const bool usb =
            std::ranges::any_of(devices.children("controller"),
                                [](const Element& one) { return one.attribute("type") == "usb"; });
        if (!usb && q35_) add("qemu-xhci", "usb", Rank::Controller, "USB controller");
        if (!usb && said::board_of(to_) == said::Board::Pc) {
            add("piix3-usb-uhci", "usb", Rank::Controller, "USB controller");
            all_.emulated.back().address = PciAddress{.slot = 1, .function = 2};
        }
        if (!devices.child("memballoon"))
            add("virtio-balloon-pci", "balloon0", Rank::Balloon, "balloon");
    }

    // Only the first has the PC's registers.
    void further_displays() {
        bool first = true;
        for (auto& one : all_.emulated) {
            if (one.rank != Rank::Display || std::exchange(first, false)) continue;
            const auto type = one.option.type;
            const bool express = type == "virtio-vga" || type == "bochs-display";
            one.habit = express ? Habit::Port : Habit::Conventional;
            if (type == "virtio-vga") one.option.type = "virtio-gpu-pci";
            if (type == "qxl-vga") one.option.type = "qxl";
        }
    }

    void take(const Element& device) {
        const auto name = device.name();
        if (name == "controller" && device.attribute("type") == "pci") return controller(device);
        if (name == "iommu") return viommu(device);
        if (name == "hostdev") return hostdev(device);
        if (name == "interface" && device.attribute("type") == "hostdev") return function(device);
        if (name == "memory") return memory(device);
        auto emulated = read_emulated(device, q35_);
        if (!emulated.known) return note(device, "is no device that is known here");
        if (emulated.wanted) all_.emulated.push_back(*std::move(emulated.wanted));
    }

    void note(const Element& element, std::string what) {
        if (to_.unknown.size() < said::most_notes)
            to_.unknown.push_back(
                {.place = element.place(), .word = element.tag(), .what = std::move(what)});
    }

    void refuse(const Element& element, std::string what) {
        if (to_.mistakes.size() < said::most_notes)
            to_.mistakes.push_back(
                {.kind = said::Mistake::Kind::Syntax,
                 .note = {
                     .place = element.place(), .word = element.tag(), .what = std::move(what)}});
    }

    void controller(const Element& device) {
        const auto model = device.attribute("model");
        const auto index = device.has("index") ? said::parse_number(device.attribute("index"))
                                               : std::optional<std::uint64_t>{next_index()};
        if (!index || *index >= most_buses) return refuse(device, "has no index from 0 to 255");
        if (model == "pcie-root" || model == "pci-root") return root(device);
        const auto row = std::ranges::find(models, model, &Model::name);
        if (row == models.end()) return note(device, "is no model that is known here");
        const auto driver = device.child("model").attribute("name");
        auto option = make_option(std::string{driver.empty() ? row->driver : driver},
                                  fmt::format("pci.{}", *index), device);
        // By its alias QEMU knows it, but it is by the index that libvirt names its bus.
        option.id = fmt::format("pci.{}", *index);
        target(option, device.child("target"), model, static_cast<unsigned>(*index));
        all_.controllers.push_back({.index = static_cast<unsigned>(*index),
                                    .model = std::string{model},
                                    .wanted = {.option = std::move(option),
                                               .habit = row->habit,
                                               .address = read_address(device)}});
    }

    std::uint64_t next_index() const {
        std::uint64_t next = 1;
        for (const auto& one : all_.controllers)
            next = std::max<std::uint64_t>(next, one.index + 1);
        return next;
    }

    static void target(Option& option, const Element& element, std::string_view model,
                       unsigned index) {
        say_if(option, "bus_nr", element, "busNr");
        if (const auto node = element.child("node"))
            say(option, "numa_node", std::string{node.text()});
        if (!model.ends_with("-port") || model == "pcie-switch-upstream-port") return;
        // Where it is not said, libvirt counts by the index.
        const bool told = element.has("chassis");
        say(option, "chassis",
            told ? std::string{element.attribute("chassis")} : std::to_string(index));
        say_if(option, "port", element, "port");
        say_if(option, "hotplug", element, "hotplug");
    }

    void root(const Element& device) {
        const auto hole = device.child("pcihole64");
        if (!hole) return;
        const auto unit = hole.has("unit") ? hole.attribute("unit").substr(0, 1) : "K";
        to_.globals.push_back(
            {.driver = q35_ ? "q35-pcihost" : "i440FX-pcihost",
             .name = "pci-hole64-size",
             .value = {.text = fmt::format("{}{}", hole.text(), unit), .place = hole.place()}});
    }

    void viommu(const Element& device) {
        const auto model = device.attribute("model");
        if (model != "intel" && model != "amd" && model != "virtio")
            return note(device, "is no IOMMU of x86");
        const bool virtio = model == "virtio";
        auto option = make_option(virtio ? "virtio-iommu-pci" : fmt::format("{}-iommu", model),
                                  "iommu0", device);
        const auto driver = device.child("driver");
        static constexpr auto names = std::to_array<std::pair<std::string_view, std::string_view>>(
            {{"intremap", "intremap"},
             {"caching_mode", "caching-mode"},
             {"eim", "eim"},
             {"iotlb", "device-iotlb"},
             {"aw_bits", "aw-bits"},
             {"dma_translation", "dma-translation"},
             {"granule", "granule"},
             {"xtsup", "xtsup"},
             {"passthrough", "pt"}});
        for (const auto& [said, name] : names)
            say_if(option, std::string{name}, driver, said);
        all_.viommus.push_back({.option = std::move(option),
                                .habit = virtio ? Habit::Root : Habit::Placed,
                                .address = read_address(device)});
    }

    void hostdev(const Element& device) {
        const auto type = device.attribute("type");
        if (type == "pci") return function(device);
        if (type == "mdev") return mediated(device);
        if (type == "scsi_host")
            all_.emulated.push_back({.option = make_option("vhost-scsi-pci", next_id(), device),
                                     .address = read_address(device)});
        else
            ++hostdevs_;  // Of USB and the like: on another bus.
    }

    std::string next_id() { return fmt::format("hostdev{}", hostdevs_++); }

    void function(const Element& device) {
        const auto driver = device.child("driver");
        auto option = make_option(driver.attribute("name") == "kvm" ? "pci-assign" : "vfio-pci",
                                  next_id(), device);
        auto host = host_of(device.child("source"));
        if (host.empty())
            refuse(device, "names no function of the host by <address> in its <source>");
        else
            option.origin += ' ' + host;
        say(option, "host", std::move(host));
        rom(option, device.child("rom"));
        const auto iommufd = driver.attribute("iommufd");
        if (iommufd == "yes" || (iommufd_ && iommufd != "no")) through_iommufd(option);
        all_.assigned.push_back({.option = std::move(option), .address = read_address(device)});
    }

    static void rom(Option& option, const Element& rom) {
        if (rom.has("bar")) say(option, "rombar", rom.attribute("bar") == "off" ? "0" : "1");
        if (rom.attribute("enabled") == "no") return say(option, "romfile", "");
        say_if(option, "romfile", rom, "file");
    }

    void through_iommufd(Option& option) {
        constexpr auto name = "iommufd0";
        say(option, "iommufd", name);
        if (to_.objects.empty() || to_.objects.front().id != name)
            to_.objects.insert(to_.objects.begin(), {.type = "iommufd",
                                                     .id = name,
                                                     .form = said::Form::Json,
                                                     .place = option.place,
                                                     .properties = {},
                                                     .origin = option.origin});
    }

    void mediated(const Element& device) {
        auto option = make_option(device.attribute("model") == "vfio-pci" ? "vfio-pci" : "vfio-ap",
                                  next_id(), device);
        if (option.type != "vfio-pci") return;  // Not of PCI.
        const auto uuid = device.child("source").child("address").attribute("uuid");
        say(option, "sysfsdev", fmt::format("/sys/bus/mdev/devices/{}", uuid));
        if (device.attribute("ramfb") == "on") option.type = "vfio-pci-nohotplug";
        all_.assigned.push_back({.option = std::move(option), .address = read_address(device)});
    }

    // virtio-mem and virtio-pmem are on PCI, DIMMs are not.
    void memory(const Element& device) {
        const auto model = device.attribute("model");
        if (model != "virtio-mem" && model != "virtio-pmem") return;
        auto option = make_option(fmt::format("{}-pci", model), "", device);
        const auto target = device.child("target");
        const auto name = fmt::format("mem{}", to_.objects.size());
        const auto size = [](const Element& element) {
            const auto unit = element.has("unit") ? element.attribute("unit").substr(0, 1) : "K";
            return fmt::format("{}{}", element.text(), unit);
        };
        Option backend{.type = "memory-backend-ram",
                       .id = name,
                       .form = said::Form::Json,
                       .place = option.place,
                       .properties = {},
                       .origin = option.origin};
        say(backend, "size", size(target.child("size")));
        to_.objects.push_back(std::move(backend));
        say(option, "memdev", name);
        if (const auto block = target.child("block")) say(option, "block-size", size(block));
        all_.emulated.push_back(
            {.option = std::move(option), .address = read_address(device), .rank = Rank::Other});
    }

    const Element& domain_;
    said::Configuration& to_;
    WantedDevices all_;
    bool q35_;
    bool iommufd_;
    bool full_ = false;
    unsigned hostdevs_ = 0;
};

}  // namespace

WantedDevices read_devices(const Element& domain, said::Configuration& to) {
    return DeviceReader{domain, to}.read();
}

}  // namespace tenon::managed::libvirt

#include "managed/libvirt/emulated.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tenon::managed::libvirt {
namespace {

// What QEMU calls it, and where it goes by itself.
struct Kind {
    std::string_view driver;  // Empty: on no PCI bus.
    Habit habit = Habit::Port;
};

struct Row {
    std::string_view model;
    Kind kind;
};

constexpr auto networks = std::to_array<Row>({{"virtio", {"virtio-net-pci"}},
                                              {"e1000e", {"e1000e"}},
                                              {"igb", {"igb"}},
                                              {"vmxnet3", {"vmxnet3"}},
                                              {"e1000", {"e1000", Habit::Conventional}},
                                              {"rtl8139", {"rtl8139", Habit::Conventional}},
                                              {"pcnet", {"pcnet", Habit::Conventional}},
                                              {"ne2k_pci", {"ne2k_pci", Habit::Conventional}},
                                              {"usb-net", {}}});

constexpr auto displays = std::to_array<Row>({{"vga", {"VGA", Habit::Root}},
                                              {"cirrus", {"cirrus-vga", Habit::Root}},
                                              {"qxl", {"qxl-vga", Habit::Root}},
                                              {"virtio", {"virtio-vga", Habit::Root}},
                                              {"vmvga", {"vmware-svga", Habit::Root}},
                                              {"bochs", {"bochs-display", Habit::Root}},
                                              {"ramfb", {}},
                                              {"none", {}}});

constexpr auto sounds = std::to_array<Row>({{"ich6", {"intel-hda", Habit::Conventional}},
                                            {"ich9", {"ich9-intel-hda", Habit::Root}},
                                            {"ac97", {"AC97", Habit::Conventional}},
                                            {"es1370", {"ES1370", Habit::Conventional}},
                                            {"virtio", {"virtio-sound-pci"}}});

constexpr auto usb_controllers =
    std::to_array<Row>({{"qemu-xhci", {"qemu-xhci"}},
                        {"nec-xhci", {"nec-usb-xhci"}},
                        {"ich9-ehci1", {"ich9-usb-ehci1", Habit::Placed}},
                        {"ich9-uhci1", {"ich9-usb-uhci1", Habit::Placed}},
                        {"ich9-uhci2", {"ich9-usb-uhci2", Habit::Placed}},
                        {"ich9-uhci3", {"ich9-usb-uhci3", Habit::Placed}},
                        {"ehci", {"usb-ehci", Habit::Conventional}},
                        {"pci-ohci", {"pci-ohci", Habit::Conventional}},
                        {"", {"piix3-usb-uhci", Habit::Conventional}},
                        {"piix3-uhci", {"piix3-usb-uhci", Habit::Conventional}}});

constexpr auto scsi_controllers =
    std::to_array<Row>({{"virtio-scsi", {"virtio-scsi-pci"}},
                        {"auto", {"virtio-scsi-pci"}},
                        {"", {"virtio-scsi-pci"}},
                        {"lsilogic", {"lsi", Habit::Conventional}},
                        {"lsisas1078", {"megasas", Habit::Conventional}},
                        {"lsisas1068", {"mptsas1068", Habit::Conventional}},
                        {"vmpvscsi", {"pvscsi", Habit::Conventional}}});

// Elements that are on no PCI bus, whatever is in them.
constexpr auto elsewhere = std::to_array<std::string_view>(
    {"audio", "channel", "console", "emulator", "graphics", "hub", "lease", "nvram", "parallel",
     "pstore", "redirdev", "redirfilter", "smartcard", "tpm"});

// "virtio-transitional" and "virtio-non-transitional" are virtio to a bus.
std::string_view plain(std::string_view model) {
    for (const std::string_view ending : {"-non-transitional", "-transitional"})
        if (model.ends_with(ending)) model.remove_suffix(ending.size());
    return model;
}

template <std::size_t Count>
std::optional<Kind> find(const std::array<Row, Count>& rows, std::string_view model) {
    const auto row = std::ranges::find(rows, plain(model), &Row::model);
    return row == rows.end() ? std::nullopt : std::optional{row->kind};
}

std::string_view model_of(const Element& device) {
    return device.has("model") ? device.attribute("model")
                               : device.child("model").attribute("type");
}

Kind virtio_or_none(std::string_view model, std::string_view driver) {
    return plain(model) == "virtio" ? Kind{driver} : Kind{};
}

Kind controller(const Element& device, bool q35) {
    const auto type = device.attribute("type");
    const auto model = device.attribute("model");
    if (type == "usb") return find(usb_controllers, model).value_or(Kind{});
    if (type == "scsi") return find(scsi_controllers, model).value_or(Kind{});
    if (type == "virtio-serial") return {"virtio-serial-pci"};
    if (type == "nvme") return {"nvme"};
    const auto index = device.attribute("index");
    const bool first = index.empty() || index == "0";
    if (type == "sata" && !(q35 && first)) return {"ahci", Habit::Conventional};
    return {};
}

Kind input(const Element& device) {
    if (device.attribute("bus") != "virtio") return {};
    const auto type = device.attribute("type");
    if (type == "mouse") return {"virtio-mouse-pci"};
    if (type == "keyboard") return {"virtio-keyboard-pci"};
    return {type == "passthrough" ? "virtio-input-host-pci" : "virtio-tablet-pci"};
}

Rank rank_of(std::string_view element) {
    static constexpr auto ranks =
        std::to_array<std::pair<std::string_view, Rank>>({{"filesystem", Rank::Filesystem},
                                                          {"interface", Rank::Network},
                                                          {"sound", Rank::Sound},
                                                          {"controller", Rank::Controller},
                                                          {"disk", Rank::Disk},
                                                          {"memballoon", Rank::Balloon},
                                                          {"rng", Rank::Random},
                                                          {"watchdog", Rank::Watchdog},
                                                          {"video", Rank::Display},
                                                          {"shmem", Rank::SharedMemory},
                                                          {"input", Rank::Input},
                                                          {"serial", Rank::Serial},
                                                          {"vsock", Rank::Socket}});
    const auto* const row =
        std::ranges::find(ranks, element, &std::pair<std::string_view, Rank>::first);
    return row == ranks.end() ? Rank::Other : row->second;
}

// None: no element of libvirt.
std::optional<Kind> kind_of(const Element& device, bool q35) {
    const auto name = device.name();
    const auto model = model_of(device);
    if (std::ranges::find(elsewhere, name) != elsewhere.end()) return Kind{};
    if (name == "controller") return controller(device, q35);
    if (name == "input") return input(device);
    if (name == "interface")
        return find(networks, model).value_or(Kind{"rtl8139", Habit::Conventional});
    if (name == "video") return find(displays, model).value_or(Kind{"VGA", Habit::Root});
    if (name == "sound") return find(sounds, model).value_or(Kind{});
    if (name == "disk")
        return device.child("target").attribute("bus") == "virtio" ? Kind{"virtio-blk-pci"}
                                                                   : Kind{};
    if (name == "memballoon") return virtio_or_none(model, "virtio-balloon-pci");
    if (name == "rng") return virtio_or_none(model, "virtio-rng-pci");
    if (name == "vsock") return virtio_or_none(model, "vhost-vsock-pci");
    if (name == "crypto") return virtio_or_none(model, "virtio-crypto-pci");
    if (name == "watchdog")
        return model == "i6300esb" ? Kind{"i6300esb", Habit::Conventional} : Kind{};
    if (name == "panic") return model == "pvpanic" ? Kind{"pvpanic-pci", Habit::Root} : Kind{};
    if (name == "filesystem")
        return Kind{device.child("driver").attribute("type") == "virtiofs" ? "vhost-user-fs-pci"
                                                                           : "virtio-9p-pci"};
    if (name == "shmem")
        return Kind{model == "ivshmem-doorbell" ? "ivshmem-doorbell" : "ivshmem-plain",
                    Habit::Conventional};
    if (name == "serial")
        return device.child("target").attribute("type") == "pci-serial"
                   ? Kind{"pci-serial", Habit::Conventional}
                   : Kind{};
    return std::nullopt;
}

}  // namespace

Emulated read_emulated(const Element& device, bool q35) {
    const auto kind = kind_of(device, q35);
    if (!kind) return {};
    if (kind->driver.empty()) return {.known = true};
    Wanted wanted{.option = make_option(std::string{kind->driver}, "", device),
                  .habit = kind->habit,
                  .address = read_address(device),
                  .rank = rank_of(device.name())};
    constexpr std::string_view ich9 = "ich9-usb-";
    if (q35 && !wanted.address && kind->driver.starts_with(ich9)) {
        const unsigned number = kind->driver.back() - '1';
        const bool fast = kind->driver.substr(ich9.size()).starts_with("ehci");
        wanted.address = PciAddress{
            .slot = 0x1d, .function = fast ? 7 : number, .multifunction = !fast && number == 0};
    }
    if (device.name() == "memballoon" && device.attribute("freePageReporting") == "on")
        say(wanted.option, "free-page-reporting", "on");
    return {.known = true, .wanted = std::move(wanted)};
}

}  // namespace tenon::managed::libvirt

#include "managed/emit/kubevirt.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/printable.hpp"
#include "managed/emit/words.hpp"

namespace tenon::managed::emit {
namespace {

// Bytes as Kubernetes writes them.
std::string quantity(std::uint64_t bytes) { return fmt::format("\"{}i\"", size_words(bytes)); }

// What a cluster is to call functions with these ids.
std::string resource_of(const Function& one) {
    return fmt::format("tenon.example/{:04x}-{:04x}", one.vendor, one.device);
}

class InstanceWriter {
public:
    explicit InstanceWriter(const Machine& machine) : from_{machine} {}

    std::string write() {
        head();
        devices();
        for (const auto& port : from_.ports)
            of_port(port);
        of_machine();
        return comment() + text_;
    }

private:
    template <typename... Parts>
    void lack(fmt::format_string<Parts...> format, Parts&&... parts) {
        lacks_.push_back(fmt::format(format, std::forward<Parts>(parts)...));
    }

    void line(unsigned depth, std::string_view content) {
        text_.append(std::size_t{2} * depth, ' ');
        text_ += content;
        text_ += '\n';
    }

    void head() {
        line(0, "apiVersion: kubevirt.io/v1");
        line(0, "kind: VirtualMachineInstance");
        line(0, "metadata:");
        line(1, "name: tenon");
        if (from_.place == Place::RootBus) {
            line(1, "annotations:");
            line(2, "kubevirt.io/placePCIDevicesOnRootComplex: \"true\"");
        }
        line(0, "spec:");
        line(1, "domain:");
        line(2, "machine:");
        line(3, fmt::format("type: {}", board_of(from_)));
        line(2, "cpu:");
        line(3, fmt::format("cores: {}", from_.processors));
        line(3, "model: host-passthrough");
        line(2, "memory:");
        line(3, fmt::format("guest: {}", quantity(from_.memory.size)));
        if (from_.memory.page != 0) {
            line(3, "hugepages:");
            line(4, fmt::format("pageSize: {}", quantity(from_.memory.page)));
        }
    }

    void devices() {
        line(2, "devices:");
        line(3, "autoattachGraphicsDevice: false");
        line(3, "autoattachMemBalloon: false");
        unsigned n = 0;
        for (const auto& port : from_.ports)
            for (const auto& one : port.functions) {
                if (n == 0) line(3, "hostDevices:");
                line(3, fmt::format("- name: \"dev{}\"  # {}", n++, printable_line(one.host)));
                line(4, fmt::format("deviceName: \"{}\"", resource_of(one)));
            }
    }

    void of_port(const Port& port) {
        if (port.functions.empty())
            return lack("the port {} is left out: libvirt adds ports for devices alone", port.name);
        std::vector<std::string_view> hosts;
        for (const auto& one : port.functions)
            hosts.push_back(one.host);
        if (hosts.size() > 1 && from_.place == Place::Port)
            lack(
                "{} were planned for one slot and have several: libvirt gives each function a "
                "port of its own. AtomicOps are kept by that; a driver may miss what is in the "
                "other slots",
                fmt::join(hosts, ", "));
        if (port.speed.value_or(0) > speed_of_ports)
            lack("the link of {} is shown with 16 GT/s at most, the default of QEMU's ports",
                 fmt::join(hosts, ", "));
        if (!port.hotplug)
            lack(
                "hotplug=off of the port {} cannot be said: a guest may offer to eject what is in "
                "its slot",
                port.name);
        for (const auto& one : port.functions)
            of_function(one);
    }

    void of_function(const Function& one) {
        for (const auto& extra : extras(one))
            lack("{}={} of {} cannot be said", extra.name, extra.value, one.host);
        if (one.rom != Rom::Device)
            lack("{} shows the ROM that the device has: there is no word for another", one.host);
    }

    void of_machine() {
        if (!from_.ports.empty())
            lack(
                "ports, slots and windows are libvirt's choice, and which functions of a node the "
                "guest gets is the cluster's: any with the same ids");
        if (from_.place == Place::Conventional)
            lack("the functions are behind ports: KubeVirt has no word for a conventional bus");
        if (from_.viommu)
            lack(
                "the guest has no IOMMU: KubeVirt has no word for one, and its functions reach "
                "all of the guest's memory");
        if (uses_iommufd(from_))
            lack("iommufd is a feature gate of the cluster, not a word of the guest");
        if (from_.memory.node)
            lack(
                "memory of node {} cannot be said: numa.guestMappingPassthrough, with dedicated "
                "processors and huge pages, has it come from where the processors are",
                *from_.memory.node);
        if (from_.narrowed && from_.address_bits)
            lack("the guest's addresses have as many bits as the host's processors, not {}",
                 *from_.address_bits);
    }

    // By ids, once each.
    std::string permitted() const {
        std::set<std::string> lines;
        for (const auto& port : from_.ports)
            for (const auto& one : port.functions)
                lines.insert(
                    fmt::format("#   - pciVendorSelector: \"{:04X}:{:04X}\"\n"
                                "#     resourceName: \"{}\"\n",
                                one.vendor, one.device, resource_of(one)));
        if (lines.empty()) return {};
        return fmt::format(
            "# The cluster has to permit its devices, under names of your choice, in "
            "its KubeVirt object:\n"
            "#   spec: {{configuration: {{permittedHostDevices: {{pciHostDevices: "
            "…}}}}}}\n{}",
            fmt::join(lines, ""));
    }

    std::string comment() const {
        auto all = from_.lacks;
        all.insert(all.end(), lacks_.begin(), lacks_.end());
        return comment_lines({"The guest of Tenon's plan under KubeVirt. Disks and network are "
                              "yours to add"},
                             "# ", "# ") +
               comment_lines(all, "# - ", "#   ") + permitted();
    }

    const Machine& from_;
    std::string text_;
    std::vector<std::string> lacks_;
};

}  // namespace

std::string kubevirt_instance(const Machine& machine) { return InstanceWriter{machine}.write(); }

}  // namespace tenon::managed::emit

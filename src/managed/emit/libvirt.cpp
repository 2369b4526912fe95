#include "managed/emit/libvirt.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "managed/emit/words.hpp"
#include "managed/libvirt/xml.hpp"

namespace tenon::managed::emit {
namespace {

using libvirt::escaped;

// Two hyphens end a comment, or make it none. Source: XML 1.0, 2.5.
std::string in_comment(std::string_view text) {
    std::string all;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool begins_option = text.substr(at).starts_with("--");
        if (begins_option)
            ++at;
        else if (text[at] != '-' || !all.ends_with('-'))
            all += text[at];
    }
    return all;
}

std::string address(unsigned bus, unsigned slot, unsigned function, bool multifunction) {
    return fmt::format(
        "<address type='pci' domain='0x0000' bus='0x{:02x}' slot='0x{:02x}' "
        "function='0x{:x}'{}/>",
        bus, slot, function, multifunction ? " multifunction='on'" : "");
}

class DomainWriter {
public:
    explicit DomainWriter(const Machine& machine) : from_{machine} {}

    std::string write() {
        head();
        memory();
        processor();
        devices();
        overrides();
        line(0, "</domain>");
        return comment() + text_;
    }

private:
    void line(unsigned depth, std::string_view content) {
        text_.append(std::size_t{2} * depth, ' ');
        text_ += content;
        text_ += '\n';
    }

    std::string comment() const {
        std::vector<std::string> all{
            "The guest of Tenon's plan under libvirt. Its name, disks, network and firmware are "
            "yours to add"};
        std::vector<std::string> versions;
        if (uses_iommufd(from_)) versions.emplace_back("iommufd='yes' is a word of libvirt 12.1");
        for (auto& one : comments(from_, std::move(versions)))
            all.push_back(std::move(one));
        std::string text;
        for (const auto& one : all)
            text += comment_lines({in_comment(one) + " -->"}, "<!-- ", "     ");
        return text;
    }

    void head() {
        line(0, "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>");
        line(1, "<name>tenon</name>");
    }

    void memory() {
        const auto& memory = from_.memory;
        line(1, fmt::format("<memory unit='KiB'>{}</memory>", memory.size / kibibyte));
        if (memory.page != 0)
            line(1, fmt::format("<memoryBacking><hugepages><page size='{}' unit='KiB'/>"
                                "</hugepages></memoryBacking>",
                                memory.page / kibibyte));
        line(1, fmt::format("<vcpu>{}</vcpu>", from_.processors));
        if (memory.node)
            line(1, fmt::format("<numatune><memory mode='{}' nodeset='{}'/></numatune>",
                                memory.strict ? "strict" : "preferred", *memory.node));
    }

    void processor() {
        line(1,
             fmt::format("<os><type arch='x86_64' machine='{}'>hvm</type></os>", board_of(from_)));
        const bool split = from_.viommu && from_.viommu->interrupt_remapping;
        line(1, fmt::format("<features><acpi/><apic/>{}</features>",
                            split ? "<ioapic driver='qemu'/>" : ""));
        const auto width =
            from_.address_bits
                ? fmt::format("<maxphysaddr mode='passthrough' limit='{}'/>", *from_.address_bits)
                : std::string{};
        line(1, fmt::format("<cpu mode='host-passthrough'>{}</cpu>", width));
    }

    void devices() {
        line(1, "<devices>");
        const auto hole = hole_size(from_);
        line(2, fmt::format("<controller type='pci' index='0' model='{}'{}",
                            from_.place == Place::Pc ? "pci-root" : "pcie-root",
                            hole ? fmt::format("><pcihole64 unit='KiB'>{}</pcihole64></controller>",
                                               *hole / kibibyte)
                                 : "/>"));
        unsigned index = 0;
        if (from_.place == Place::Port)
            for (const auto& one : from_.ports)
                port(one, ++index);
        if (from_.place == Place::Conventional) bridge();
        // Libvirt would add these.
        line(2, "<controller type='usb' model='none'/>");
        line(2, "<memballoon model='none'/>");
        if (from_.viommu) viommu(*from_.viommu);
        index = 0;
        for (const auto& one : from_.ports) {
            ++index;
            for (const auto& function : one.functions)
                hostdev(function, place_of(one, index, function));
        }
        line(1, "</devices>");
    }

    void bridge() {
        line(2, "<controller type='pci' index='1' model='pcie-root-port'>");
        line(3, address(0, 1, 0, false));
        line(2, "</controller>");
        line(2, "<controller type='pci' index='2' model='pcie-to-pci-bridge'>");
        line(3, address(1, 0, 0, false));
        line(2, "</controller>");
    }

    // The address of a function of the slot, whose port has the index.
    std::string place_of(const Port& slot, unsigned index, const Function& one) const {
        const bool several = one.number == 0 && slot.functions.size() > 1;
        if (from_.place == Place::Port) return address(index, 0, one.number, several);
        return address(from_.place == Place::Conventional ? 2 : 0, slot.slot, one.number, several);
    }

    void port(const Port& one, unsigned index) {
        line(2, fmt::format("<controller type='pci' index='{}' model='pcie-root-port'>", index));
        line(3, "<model name='pcie-root-port'/>");
        line(3, fmt::format("<target chassis='{}' port='0x{:x}'{}/>", index,
                            one.slot * 8 + one.function, one.hotplug ? "" : " hotplug='off'"));
        line(3, address(0, one.slot, one.function, one.shares_device));
        line(2, "</controller>");
        override(fmt::format("pci.{}", index), extras(one));
    }

    void viommu(const Viommu& one) {
        line(2, "<iommu model='intel'>");
        line(3, fmt::format("<driver intremap='{}' caching_mode='on'{} aw_bits='{}'/>",
                            one.interrupt_remapping ? "on" : "off",
                            one.device_tlb ? " iotlb='on'" : "", one.address_bits));
        line(2, "</iommu>");
        override("iommu0", extras(one));
    }

    void hostdev(const Function& one, std::string_view place) {
        const auto host = one.address.value_or(pci::Address{});
        const auto alias = fmt::format("ua-{}", one.id);
        line(2, "<hostdev mode='subsystem' type='pci' managed='yes'>");
        line(3, fmt::format("<driver name='vfio'{}/>", one.iommufd ? " iommufd='yes'" : ""));
        line(3, fmt::format("<source><address domain='0x{:04x}' bus='0x{:02x}' slot='0x{:02x}' "
                            "function='0x{:x}'/></source>",
                            host.domain, host.bus, host.device, host.function));
        line(3, fmt::format("<alias name='{}'/>", alias));
        if (one.rom == Rom::None) line(3, "<rom bar='off'/>");
        if (one.rom == Rom::File) line(3, fmt::format("<rom file='{}'/>", escaped(one.rom_file)));
        line(3, place);
        line(2, "</hostdev>");
        override(alias, extras(one));
    }

    void override(std::string alias, std::vector<Extra> properties) {
        if (!properties.empty()) overrides_.emplace_back(std::move(alias), std::move(properties));
    }

    void overrides() {
        if (overrides_.empty()) return;
        line(1, "<qemu:override>");
        for (const auto& [alias, properties] : overrides_) {
            line(2, fmt::format("<qemu:device alias='{}'>", alias));
            line(3, "<qemu:frontend>");
            for (const auto& one : properties) {
                const bool flag = one.type == "bool";
                line(4, fmt::format("<qemu:property name='{}' type='{}' value='{}'/>", one.name,
                                    one.type, flag ? "true" : one.value));
            }
            line(3, "</qemu:frontend>");
            line(2, "</qemu:device>");
        }
        line(1, "</qemu:override>");
    }

    const Machine& from_;
    std::string text_;
    std::vector<std::pair<std::string, std::vector<Extra>>> overrides_;
};

}  // namespace

std::string libvirt_domain(const Machine& machine) { return DomainWriter{machine}.write(); }

}  // namespace tenon::managed::emit

#include "managed/emit/qemu.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "base/shell.hpp"
#include "managed/emit/words.hpp"

namespace tenon::managed::emit {
namespace {

// A value in a list of key=value. Source: QEMU 11.1, util/qemu-option.c.
std::string with_commas(std::string_view text) {
    std::string all;
    for (const char letter : text)
        all += letter == ',' ? std::string{",,"} : std::string{letter};
    return all;
}

std::string keys(const std::vector<Extra>& extras) {
    std::string text;
    for (const auto& one : extras)
        text += fmt::format(",{}={}", one.name, one.value);
    return text;
}

class CommandWriter {
public:
    explicit CommandWriter(const Machine& machine) : from_{machine} {}

    std::string write() {
        board();
        memory();
        if (uses_iommufd(from_)) add("-object", "iommufd,id=iommufd0");
        // In front of every function: one that is made before it has its DMA not translated.
        if (from_.viommu)
            add("-device", fmt::format("intel-iommu,{}", viommu_properties(*from_.viommu)));
        if (from_.place == Place::Conventional) bridge();
        unsigned chassis = 0;
        for (const auto& one : from_.ports)
            port(one, ++chassis);
        return comment() + fmt::format("qemu-system-x86_64 -nodefaults \\\n  {}\n",
                                       fmt::join(options_, " \\\n  "));
    }

private:
    void add(std::string_view option, std::string_view value) {
        options_.push_back(fmt::format("{} {}", option, shell_word(value)));
    }

    void board() {
        auto machine = fmt::format("{},accel=kvm", board_of(from_));
        if (from_.viommu && from_.viommu->interrupt_remapping) machine += ",kernel-irqchip=split";
        if (has_backend()) machine += ",memory-backend=ram";
        add("-machine", machine);
        add("-cpu", from_.address_bits
                        ? fmt::format("host,host-phys-bits-limit={}", *from_.address_bits)
                        : "host");
        add("-smp", std::to_string(from_.processors));
        if (const auto hole = hole_size(from_))
            add("-global",
                fmt::format("{}.pci-hole64-size={}", host_bridge_of(from_), size_words(*hole)));
    }

    bool has_backend() const { return from_.memory.page != 0 || from_.memory.node; }

    void memory() {
        const auto& memory = from_.memory;
        const auto size = size_words(memory.size);
        add("-m", size);
        if (!has_backend()) return;
        auto backend = memory.page == 0 ? fmt::format("memory-backend-ram,id=ram,size={}", size)
                                        : fmt::format(
                                              "memory-backend-memfd,id=ram,size={},hugetlb=on,"
                                              "hugetlbsize={},prealloc=on",
                                              size, size_words(memory.page));
        if (memory.node)
            backend += fmt::format(",host-nodes={},policy={}", *memory.node,
                                   memory.strict ? "bind" : "preferred");
        add("-object", backend);
    }

    void bridge() {
        add("-device", "pcie-root-port,id=conventional-port,bus=pcie.0,addr=1.0,chassis=1,slot=1");
        add("-device", "pcie-pci-bridge,id=conventional,bus=conventional-port,addr=0.0");
    }

    void port(const Port& one, unsigned chassis) {
        if (from_.place == Place::Port) root_port(one, chassis);
        for (const auto& function : one.functions)
            this->function(function, one);
    }

    void root_port(const Port& one, unsigned chassis) {
        auto text = fmt::format("pcie-root-port,id={},bus=pcie.0,addr={:x}.{:x},chassis={},slot={}",
                                one.name, one.slot, one.function, chassis, one.physical_slot);
        if (one.shares_device) text += ",multifunction=on";
        if (!one.hotplug) text += ",hotplug=off";
        text += keys(extras(one));
        add("-device", text);
    }

    std::string_view bus_of(const Port& port) const {
        switch (from_.place) {
            case Place::RootBus:
                return "pcie.0";
            case Place::Conventional:
                return "conventional";
            case Place::Pc:
                return "pci.0";
            case Place::Port:
                break;
        }
        return port.name;
    }

    void function(const Function& one, const Port& port) {
        const auto slot = from_.place == Place::Port ? 0 : port.slot;
        auto text = fmt::format("vfio-pci,id={},host={},bus={},addr={:x}.{:x}", one.id,
                                address_words(one), bus_of(port), slot, one.number);
        if (one.number == 0 && port.functions.size() > 1) text += ",multifunction=on";
        if (one.iommufd) text += ",iommufd=iommufd0";
        text += keys(extras(one));
        if (one.rom == Rom::None) text += ",rombar=0";
        if (one.rom == Rom::File) text += fmt::format(",romfile={}", with_commas(one.rom_file));
        add("-device", text);
    }

    std::string comment() const {
        const std::vector<std::string> head{
            fmt::format("The guest of Tenon's plan under QEMU {}. Firmware, disks, network and a "
                        "console are yours to add",
                        from_.qemu)};
        bool ats = false;
        for (const auto& port : from_.ports)
            for (const auto& one : port.functions)
                ats = ats || one.ats != Ats::Auto;
        std::vector<std::string> versions;
        if (ats) versions.emplace_back("ats= is a word of QEMU 11.1; older ones always show ATS");
        if (from_.viommu && (from_.viommu->scalable || from_.viommu->first_stage))
            versions.emplace_back(
                "scalable-mode= and fsts= are words of QEMU 11.1; older ones may know them as "
                "x-scalable-mode= and x-flts=");
        auto text = comment_lines(head, "# ", "# ");
        return text + comment_lines(comments(from_, std::move(versions)), "# - ", "#   ");
    }

    const Machine& from_;
    std::vector<std::string> options_;
};

}  // namespace

std::string viommu_properties(const Viommu& viommu) {
    auto text = fmt::format("intremap={},caching-mode=on,aw-bits={}",
                            viommu.interrupt_remapping ? "on" : "off", viommu.address_bits);
    if (viommu.device_tlb) text += ",device-iotlb=on";
    text += keys(extras(viommu));
    return text;
}

std::string qemu_command(const Machine& machine) { return CommandWriter{machine}.write(); }

}  // namespace tenon::managed::emit

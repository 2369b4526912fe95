#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "host/iommufd/iommufd_abi.hpp"
#include "host/vfio/vfio_abi.hpp"
#include "vmm/kvm/kvm_abi.hpp"
#include "vmm/rights/table.hpp"

namespace tenon::vmm::rights {
namespace {

using seal::Kinds;
using enum seal::ThreadKind;

// Their structure clashes with that of <termios.h>. Source: include/uapi/asm-generic/ioctls.h.
constexpr unsigned long newer_tcgets = 0x802c542a;
constexpr unsigned long newer_tcsets = 0x402c542b;

// The kernel takes a request's lower 32 bits.
constexpr std::uint64_t request_bits = 0xffffffff;

seal::Rule request_row(unsigned long request, std::string_view name, Kinds who,
                       std::string_view reason) {
    return {.number = SYS_ioctl,
            .name = name,
            .who = who,
            .reason = reason,
            .conditions = {{.argument = 1, .mask = request_bits, .value = request}}};
}
#define TENON_REQUEST(request) request, #request

// Who moves the level of the serial port's interrupt, or another of the guest's pins.
constexpr Kinds pins = acting | Kinds{Events, Console, Output};
// Who brings a device in.
constexpr Kinds arrival{Worker};

void add_kvm(std::vector<seal::Rule>& rows) {
    const Kinds main{Main};
    rows.insert(
        rows.end(),
        {request_row(TENON_REQUEST(KVM_RUN), Kinds{Main, Vcpu},
                     "runs the guest; a reset ends its last access"),
         request_row(TENON_REQUEST(KVM_IRQ_LINE), pins,
                     "level of a pin of the guest's interrupt controllers"),
         request_row(TENON_REQUEST(KVM_SIGNAL_MSI), pins,
                     "an interrupt message, where no irqfd brings it"),
         request_row(TENON_REQUEST(KVM_SET_GSI_ROUTING), pins | Kinds{Backend},
                     "where interrupts lead, which the guest changes"),
         request_row(TENON_REQUEST(KVM_IRQFD), acting | Kinds{Events, Backend},
                     "connects a device's vector, which the guest switches on and off"),
         request_row(TENON_REQUEST(KVM_IOEVENTFD), acting, "doorbells, which move with a BAR"),
         request_row(TENON_REQUEST(KVM_SET_USER_MEMORY_REGION), acting | Kinds{Events},
                     "BARs, which the guest moves, and which trap while INTx is raised"),
         request_row(TENON_REQUEST(KVM_SET_DEVICE_ATTR), acting,
                     "tells KVM of the VFIO files of devices that come and go"),
         request_row(TENON_REQUEST(KVM_KVMCLOCK_CTRL), Kinds{Main, Vcpu, Worker, Control},
                     "tells the guest's clock of a pause"),
         request_row(TENON_REQUEST(KVM_GET_REGS), Kinds{Main, Vcpu},
                     "the place of an error, and the state after a reset"),
         request_row(TENON_REQUEST(KVM_GET_SREGS), main,
                     "entry into the kernel that is started again"),
         request_row(TENON_REQUEST(KVM_SET_SREGS), main, "a reset: system registers"),
         request_row(TENON_REQUEST(KVM_SET_REGS), main, "a reset: registers"),
         request_row(TENON_REQUEST(KVM_SET_FPU), main, "a reset: floating point registers"),
         request_row(TENON_REQUEST(KVM_SET_XSAVE), main, "a reset: extended registers"),
         request_row(TENON_REQUEST(KVM_SET_XCRS), main, "a reset: extended control registers"),
         request_row(TENON_REQUEST(KVM_SET_MSRS), main, "a reset: model specific registers"),
         request_row(TENON_REQUEST(KVM_SET_LAPIC), main, "a reset: local APIC"),
         request_row(TENON_REQUEST(KVM_SET_MP_STATE), main, "a reset: activity"),
         request_row(TENON_REQUEST(KVM_SET_DEBUGREGS), main, "a reset: debug registers"),
         request_row(TENON_REQUEST(KVM_SET_VCPU_EVENTS), main, "a reset: events"),
         request_row(TENON_REQUEST(KVM_SET_IRQCHIP), main, "a reset: interrupt controllers")});
}

void add_vfio(std::vector<seal::Rule>& rows) {
    rows.insert(
        rows.end(),
        {request_row(TENON_REQUEST(VFIO_DEVICE_SET_IRQS), acting | Kinds{Events},
                     "vectors, which the guest switches, and INTx, which is unmasked"),
         request_row(TENON_REQUEST(VFIO_DEVICE_RESET), acting,
                     "resets a function: the guest's wish, or at its end"),
         request_row(TENON_REQUEST(VFIO_DEVICE_PCI_HOT_RESET), acting,
                     "resets the bus above a function"),
         request_row(TENON_REQUEST(VFIO_DEVICE_FEATURE), acting | Kinds{Mapper},
                     "power states, a BAR as a file for the DMA of others"),
         request_row(TENON_REQUEST(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO), acting,
                     "who else a reset of the bus would meet"),
         request_row(TENON_REQUEST(VFIO_IOMMU_MAP_DMA), acting | Kinds{Mapper},
                     "guest memory and BARs of others for a device's DMA"),
         request_row(TENON_REQUEST(VFIO_IOMMU_UNMAP_DMA), acting | Kinds{Mapper},
                     "takes that back"),
         request_row(TENON_REQUEST(VFIO_IOMMU_GET_INFO), acting, "which addresses DMA may use"),
         request_row(TENON_REQUEST(VFIO_GROUP_UNSET_CONTAINER), acting,
                     "a group that is given back"),
         request_row(TENON_REQUEST(VFIO_GET_API_VERSION), arrival, "a device comes: its container"),
         request_row(TENON_REQUEST(VFIO_CHECK_EXTENSION), arrival, "a device comes: its container"),
         request_row(TENON_REQUEST(VFIO_SET_IOMMU), arrival, "a device comes: its container"),
         request_row(TENON_REQUEST(VFIO_GROUP_SET_CONTAINER), arrival, "a device comes: its group"),
         request_row(TENON_REQUEST(VFIO_GROUP_GET_STATUS), arrival, "a device comes: its group"),
         request_row(TENON_REQUEST(VFIO_GROUP_GET_DEVICE_FD), arrival,
                     "a device comes: opens it in its group"),
         request_row(TENON_REQUEST(VFIO_DEVICE_GET_INFO), arrival, "a device comes: what it has"),
         request_row(TENON_REQUEST(VFIO_DEVICE_GET_REGION_INFO), arrival,
                     "a device comes: its regions"),
         request_row(TENON_REQUEST(VFIO_DEVICE_GET_IRQ_INFO), arrival,
                     "a device comes: its interrupts"),
         request_row(host::vfio::abi::device_bind_iommufd, "VFIO_DEVICE_BIND_IOMMUFD", arrival,
                     "a device comes: binds it to the iommufd"),
         request_row(host::vfio::abi::device_attach_iommufd, "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
                     acting, "moves a device to another address space, as the guest's IOMMU does"),
         request_row(host::vfio::abi::device_detach_iommufd, "VFIO_DEVICE_DETACH_IOMMUFD_PT",
                     acting, "takes a device out of its address space")});
}

void add_iommufd(std::vector<seal::Rule>& rows) {
    namespace abi = host::iommufd::abi;
    rows.insert(
        rows.end(),
        {request_row(abi::ioas_map, "IOMMU_IOAS_MAP", acting | Kinds{Mapper},
                     "guest memory and BARs of others for a device's DMA"),
         request_row(abi::ioas_map_file, "IOMMU_IOAS_MAP_FILE", acting | Kinds{Mapper},
                     "the same by the memory's file"),
         request_row(abi::ioas_unmap, "IOMMU_IOAS_UNMAP", acting | Kinds{Mapper},
                     "takes that back"),
         request_row(abi::ioas_copy, "IOMMU_IOAS_COPY", acting,
                     "a domain of the guest's IOMMU: a page of the guest's memory"),
         request_row(abi::ioas_alloc, "IOMMU_IOAS_ALLOC", acting, "a domain of the guest's IOMMU"),
         request_row(abi::hwpt_alloc, "IOMMU_HWPT_ALLOC", acting,
                     "a domain in which PASIDs can be used, or that follows the guest's tables"),
         request_row(abi::hwpt_invalidate, "IOMMU_HWPT_INVALIDATE", acting,
                     "the guest changed its tables that the host's IOMMU walks"),
         request_row(abi::destroy, "IOMMU_DESTROY", acting, "takes a domain back"),
         request_row(abi::ioas_iova_ranges, "IOMMU_IOAS_IOVA_RANGES", acting,
                     "which addresses DMA may use"),
         request_row(abi::get_hw_info, "IOMMU_GET_HW_INFO", arrival,
                     "a device comes: what its IOMMU supports")});
}

void add_terminal(std::vector<seal::Rule>& rows) {
    const Kinds settings{Main, Console};
    rows.insert(rows.end(),
                {request_row(TENON_REQUEST(TCGETS), settings, "whether the console is a terminal"),
                 request_row(TENON_REQUEST(TCSETS), seal::everyone(),
                             "a terminal as it was: at the end, and before a deadly signal"),
                 request_row(newer_tcgets, "TCGETS2", settings, "as TCGETS, by newer C libraries"),
                 request_row(newer_tcsets, "TCSETS2", seal::everyone(),
                             "as TCSETS, by newer C libraries")});
}
#undef TENON_REQUEST

}  // namespace

std::vector<seal::Rule> requests() {
    std::vector<seal::Rule> rows;
    add_kvm(rows);
    add_vfio(rows);
    add_iommufd(rows);
    add_terminal(rows);
    return rows;
}

}  // namespace tenon::vmm::rights

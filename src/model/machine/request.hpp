// What the user asked for: devices, ports and their keys. The input of a plan beside the facts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device/control.hpp"
#include "device/facts.hpp"
#include "model/chosen/function_properties.hpp"
#include "model/chosen/requests.hpp"
#include "model/chosen/viommu.hpp"
#include "model/slot/slot_proposal.hpp"
#include "model/virtio/backend.hpp"

namespace tenon::model::machine {

/// `DEVICE[,key=value…]`, with everything that is known of the device.
struct DeviceRequest {
    device::DeviceFacts facts;
    std::string id;                    ///< Empty: dev0, dev1, … in order.
    std::string port;                  ///< Empty: a root port of its own.
    std::optional<unsigned> function;  ///< 0..7; none: the first free one of the slot.
    device::Access access = {};
    chosen::FunctionKeys keys = {};
    chosen::RomRequest rom = {};
    /// The process that it is; `facts` are then those of virtio::make_facts(). None: a function of
    /// a host.
    std::optional<virtio::Backend> backend = {};
};

/// Which NUMA node guest memory is to come from.
struct NodeRequest {
    enum class Choice {
        Devices,  ///< The one that the devices are on.
        None,     ///< As the host's kernel likes.
        Number,   ///< `number`, or the guest does not start.
    };
    Choice choice = Choice::Devices;
    unsigned number = 0;

    bool operator==(const NodeRequest&) const = default;
};

/// `--memory SIZE[,hugepages=…][,node=…]`
struct MemoryRequest {
    std::uint64_t size = 0;  ///< Bytes.
    std::uint64_t page = 0;  ///< Bytes of a huge page; 0: as the host's kernel likes.
    NodeRequest node;

    bool operator==(const MemoryRequest&) const = default;
};

/// The whole machine that was asked for.
struct MachineRequest {
    std::string version = "tenon-1";
    std::vector<chosen::PortRequest> ports;
    std::vector<DeviceRequest> devices;
    /// Of this host, online; for the interrupts that it can give.
    Known<unsigned> processors = Unknown{"no device of this host is named"};
    /// That a process of this host may have open, once it has raised its limit.
    Known<std::uint64_t> files = Unknown{"no device of this host is named"};
    MemoryRequest memory;
    bool firmware = false;  ///< It begins with firmware, which gives out addresses anew.
    unsigned vcpus = 1;
    unsigned apic_step = 1;  ///< Processors::apic_step.
    /// Bits of a guest physical address on the host that is to run the guest: 32 to 52.
    Known<unsigned> physical_bits = Unknown{"not asked"};
    /// Of the process that would run the guest, and the interfaces of the kernel that it would use.
    std::optional<device::DmaLimits> limits;
    std::vector<device::Interface> interfaces;
    /// Bits of PASID that the guest's IOMMU takes, 0 to 20; none: as the version has it.
    std::optional<unsigned> viommu_pasid_width;
    /// The guest's IOMMU; none: it has none.
    std::optional<chosen::VtdRequest> vtd;
    /// Why devices were given these ports and functions, where slots were proposed for them.
    std::vector<slot::SlotProposal> proposals;
};

}  // namespace tenon::model::machine

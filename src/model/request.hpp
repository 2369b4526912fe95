// What the user asked for: devices, ports and their keys. The input of a plan beside the facts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "device/control.hpp"
#include "device/facts.hpp"
#include "model/function_properties.hpp"

namespace tenon::model {

/// `--port NAME[,key=value…]`
struct PortRequest {
    std::string name;
};

/// `DEVICE[,key=value…]`, with everything that is known of the device.
struct DeviceRequest {
    device::DeviceFacts facts;
    std::string id;                    ///< Empty: dev0, dev1, … in order.
    std::string port;                  ///< Empty: a root port of its own.
    std::optional<unsigned> function;  ///< 0..7; none: the first free one of the slot.
    device::Interface interface = device::Interface::Automatic;
    FunctionKeys keys = {};
};

/// The whole machine that was asked for.
struct MachineRequest {
    std::string version = "tenon-1";
    std::vector<PortRequest> ports;
    std::vector<DeviceRequest> devices;
    std::uint64_t memory = 0;  ///< Bytes of guest memory; 0: not asked (plan).
    /// Of this host, online; for the interrupts that it can give.
    Known<unsigned> processors = Unknown{"no device of this host is named"};
};

}  // namespace tenon::model

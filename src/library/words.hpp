// Numbers of a plan in the words that people and scripts expect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/function/function_view.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::library {

/// "0x1b": a number as people write offsets and ids.
std::string hex(std::uint64_t number);

/// "0x8086": a number of a fixed count of hex digits.
std::string hex(std::uint64_t number, unsigned digits);

/// "Non-Volatile memory controller" for class code 0x010802; by its base class if the subclass has
/// no name here. Source: PCI Code and ID Assignment 1.16, 1.
std::string_view class_name(std::uint32_t class_code);

/// "8 GT/s" for a link speed as Link Capabilities encode it. Source: PCIe Base Spec 6.0, 7.5.3.6.
std::string_view link_speed_name(unsigned speed);

/// What VFIO, or the hardware where VFIO was not asked, let us read of configuration space: bytes.
std::size_t known_config(const device::DeviceFacts& facts);

/// "what: remedy: command; command", a reason in one sentence.
std::string sentence(const model::chosen::Reason& reason);

/// "01:00.0", without the domain, which a guest has but one of.
std::string guest_address(const pci::Address& address);

}  // namespace tenon::library

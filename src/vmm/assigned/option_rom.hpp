// The option ROM of an assigned function, as the guest reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "device/control.hpp"
#include "model/machine/request.hpp"
#include "vmm/board/warnings.hpp"

namespace tenon::vmm::assigned {

/// Reads the device's own ROM when it is first asked for, all of it at once: word by word it would
/// be slow, and many devices let their ROM be read only before their driver has used it. One caller
/// at a time.
class OptionRom {
public:
    /// `size` is that of the BAR. All references must outlive it.
    OptionRom(std::string name, const model::chosen::RomRequest& request, std::uint64_t size,
              device::DeviceControl& device, board::Warnings& warnings)
        : name_{std::move(name)},
          request_{request},
          size_{size},
          device_{device},
          warnings_{warnings} {}

    /// `size` bytes (1 to 8) at `offset`; ones where there is nothing, or nothing can be read.
    std::uint64_t read(std::uint64_t offset, unsigned size);

private:
    const std::vector<std::byte>& image();

    std::string name_;
    const model::chosen::RomRequest& request_;
    std::uint64_t size_;
    device::DeviceControl& device_;
    board::Warnings& warnings_;
    std::optional<std::vector<std::byte>> own_;  ///< The device's, once it was read.
};

}  // namespace tenon::vmm::assigned

// What is asked for of a port and of an option ROM; the whole request is in request.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/chosen/choices.hpp"

namespace tenon::model::chosen {

/// `--port NAME[,key=value…]`
struct PortRequest {
    std::string name;
    std::optional<AtomicsRule> atomics;  ///< None: as the machine version has it.
    unsigned express_version = 2;        ///< SlotRules::express_version.
    std::optional<bool> hotplug = {};    ///< None: as the machine version has it.
    /// Bytes of its windows, whatever is in its slot at the start; none: what that needs, and for
    /// an empty slot what a large GPU needs. 1 MiB granules.
    std::optional<std::uint64_t> memory = {};
    std::optional<std::uint64_t> prefetchable = {};
};

/// Which option ROM the guest finds.
struct RomRequest {
    enum class From { Device, Nothing, File };

    From from = From::Device;
    std::string file;  ///< Its name, for messages.
    /// What the file holds, padded to a power of two bytes, 2 KiB at least. Source: PCI Local
    /// Bus 3.0, 6.2.5.2.
    std::shared_ptr<const std::vector<std::byte>> image;

    bool operator==(const RomRequest&) const = default;
};

}  // namespace tenon::model::chosen

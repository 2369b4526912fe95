#include "model/machine/firmware_map.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace tenon::model::machine {
namespace {

constexpr slot::Window memory32{0xc000'0000, 0x3c00'0000};
constexpr slot::Window above_memory32{0xfc00'0000, 0x02c0'0000};
constexpr slot::Window io{0xc000, 0x4000};

}  // namespace

void follow_firmware(AddressMap& addresses, std::vector<slot::PortPlan>& ports) {
    for (auto& port : ports)
        port.firmware = true;
    addresses.io = io;
    if (addresses.ecam.size > above_memory32.size) return;
    addresses.ecam.base = above_memory32.base;
    addresses.memory32 = memory32;
}

void check_for_firmware(unsigned vcpus, std::uint64_t memory,
                        std::vector<chosen::Reason>& problems) {
    if (vcpus > most_firmware_vcpus)
        problems.push_back({.what = fmt::format("{} processors: firmware starts {} at most", vcpus,
                                                most_firmware_vcpus),
                            .remedy = fmt::format("--cpus {}", most_firmware_vcpus),
                            .commands = {}});
    if (memory < least_firmware_memory)
        problems.push_back(
            {.what = fmt::format("memory of {}: firmware needs {}", format_size(memory),
                                 format_size(least_firmware_memory)),
             .remedy = "give the guest more with --memory",
             .commands = {}});
}

}  // namespace tenon::model::machine

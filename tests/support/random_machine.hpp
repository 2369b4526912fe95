// Machines to be told to a manager, as random as a number says: the same number, the same machine.
#pragma once

#include <random>

#include "managed/emit/machine.hpp"

namespace tenon::support {

/// Up to ten ports with up to eight functions each, in any combination that a plan can have, of
/// functions of the host that are all different.
inline managed::emit::Machine random_machine(unsigned seed) {
    using namespace managed::emit;
    std::mt19937 numbers{seed};
    const auto below = [&](unsigned bound) { return static_cast<unsigned>(numbers() % bound); };
    const auto chance = [&](unsigned of) { return below(of) == 0; };
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

    Machine machine{.processors = 1 + below(64)};
    if (chance(3)) machine.place = static_cast<Place>(below(4));
    machine.memory.size = (1 + below(64)) * 1024 * mebibyte;
    if (chance(4)) machine.memory.page = chance(2) ? 2 * mebibyte : 1024 * mebibyte;
    if (chance(4)) machine.memory.node = below(4);
    machine.memory.strict = chance(2);
    if (chance(2)) machine.address_bits = 39 + below(14);
    machine.window64 = chance(4) ? std::uint64_t{1} << (30 + below(9)) : below(1U << 30);
    const bool pasid = chance(5);
    if (pasid || chance(3))
        machine.viommu = Viommu{.interrupt_remapping = !chance(3),
                                .device_tlb = chance(2),
                                .scalable = chance(2),
                                .first_stage = pasid,
                                .address_bits = pasid || chance(2) ? 48U : 39U,
                                .pasid_bits = pasid ? 1 + below(20) : 0};
    const bool iommufd = pasid || chance(4);
    const unsigned ports = 1 + below(10);
    for (unsigned n = 0; n < ports; ++n) {
        Port port{.name = chance(3) ? "gpu.of'$me" : "rp" + std::to_string(n),
                  .slot = 1 + n / 2,
                  .function = n % 2,
                  .shares_device = n % 2 == 0 && n + 1 < ports,
                  .physical_slot = n + 1,
                  .hotplug = !chance(3),
                  .atomics = chance(3)};
        if (chance(8)) {
            port.memory = (1 + below(32)) * mebibyte;
            port.prefetchable = (1 + below(4096)) * mebibyte;
        } else {
            port.speed = 1 + below(6);
            port.width = 1U << below(6);
            const unsigned functions = chance(2) ? 1 : 1 + below(8);
            for (unsigned number = 0; number < functions; ++number) {
                Function one{.id = "dev" + std::to_string(n) + "-" + std::to_string(number),
                             .vendor = static_cast<std::uint16_t>(below(0xffff)),
                             .device = static_cast<std::uint16_t>(below(0xffff)),
                             .number = number,
                             .completes_atomics = port.atomics && (number == 0 || chance(2)),
                             .iommufd = iommufd};
                one.address = pci::Address{.domain = chance(9) ? std::uint16_t{1} : std::uint16_t{},
                                           .bus = static_cast<std::uint8_t>(1 + n),
                                           .device = static_cast<std::uint8_t>(below(32)),
                                           .function = static_cast<std::uint8_t>(number)};
                one.host = to_string(*one.address);
                one.ats = chance(3) ? Ats::Off : chance(3) ? Ats::On : Ats::Auto;
                if (chance(6)) one.msix_bar = below(6);
                if (pasid) one.pasid_at = static_cast<std::uint16_t>(0x100 + 4 * below(0x3bf));
                if (!iommufd && chance(6)) one.vf_token = "01234567-89ab-cdef-0123-456789abcdef";
                if (chance(5)) one.rom = Rom::None;
                if (chance(5)) {
                    one.rom = Rom::File;
                    one.rom_file = chance(2) ? "/roms/a,b 'c' & <d>$(e);#\".rom" : "/roms/x.rom";
                }
                port.functions.push_back(std::move(one));
            }
        }
        machine.ports.push_back(std::move(port));
    }
    return machine;
}

}  // namespace tenon::support

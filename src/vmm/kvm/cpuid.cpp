#include "vmm/kvm/cpuid.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace tenon::vmm::kvm {
namespace {

/// `word` with bits high..low replaced.
std::uint32_t with_bits(std::uint32_t word, unsigned high, unsigned low, std::uint32_t value) {
    const auto mask =
        static_cast<std::uint32_t>(((std::uint64_t{1} << (high - low + 1)) - 1) << low);
    return (word & ~mask) | (value << low & mask);
}

constexpr std::uint32_t bit(unsigned number) { return 1u << number; }

using model::machine::Processors;

/// Bits of an APIC id that number the cores of the socket.
unsigned core_bits(const Processors& processors) {
    return static_cast<unsigned>(std::bit_width(processors.highest_apic_id()));
}

/// Ids that the socket may have.
std::uint32_t ids_of(const Processors& processors) { return processors.highest_apic_id() + 1; }

kvm_cpuid_entry2 topology(std::uint32_t leaf, std::uint32_t level, unsigned index,
                          const Processors& processors) {
    constexpr std::uint32_t thread = 1;
    constexpr std::uint32_t core = 2;
    kvm_cpuid_entry2 entry{};
    entry.function = leaf;
    entry.index = level;
    entry.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
    entry.edx = processors.apic_id(index);
    entry.ecx = level;
    if (level == 0) {
        entry.ebx = 1;
        entry.ecx |= thread << 8;
    } else if (level == 1) {
        entry.eax = core_bits(processors);
        entry.ebx = processors.count;
        entry.ecx |= core << 8;
    }
    return entry;
}

void adapt(kvm_cpuid_entry2& entry, unsigned index, const Processors& processors) {
    const auto id = processors.apic_id(index);
    const auto ids = ids_of(processors);
    switch (entry.function) {
        case 0x1:
            entry.ebx = with_bits(entry.ebx, 31, 24, id);
            // The field holds no more than 255.
            entry.ebx = with_bits(entry.ebx, 23, 16, std::min(std::bit_ceil(ids), 255u));
            entry.edx = with_bits(entry.edx, 28, 28, ids > 1 ? 1 : 0);
            entry.ecx |= bit(31) | bit(24);  // Hypervisor; TSC deadline, which KVM leaves to us.
            break;
        case 0x4: {
            if ((entry.eax & 0x1f) == 0) break;  // No more caches.
            const bool last_level = (entry.eax >> 5 & 7) >= 3;
            // The field holds 6 bits; leaf 0xb tells the rest.
            entry.eax = with_bits(entry.eax, 31, 26, std::min(std::bit_ceil(ids) - 1, 63u));
            entry.eax = with_bits(entry.eax, 25, 14, last_level ? ids - 1 : 0);
            break;
        }
        case 0x8000'0001:
            entry.ecx = with_bits(entry.ecx, 1, 1, ids > 1 ? 1 : 0);
            break;
        case 0x8000'0008:
            entry.ecx = with_bits(entry.ecx, 15, 12, core_bits(processors));
            entry.ecx = with_bits(entry.ecx, 7, 0, processors.count - 1);
            break;
        case 0x8000'001d: {
            if ((entry.eax & 0x1f) == 0) break;
            const bool last_level = (entry.eax >> 5 & 7) >= 3;
            entry.eax = with_bits(entry.eax, 25, 14, last_level ? ids - 1 : 0);
            break;
        }
        case 0x8000'001e:
            entry.eax = id;
            entry.ebx = with_bits(entry.ebx, 15, 0, id & 0xff);  // Core id; one thread each.
            entry.ecx = 0;
            break;
        default:
            break;
    }
}

}  // namespace

std::vector<kvm_cpuid_entry2> guest_cpuid(std::vector<kvm_cpuid_entry2> supported, unsigned index,
                                          const Processors& processors) {
    std::uint32_t highest = 0;
    for (auto& entry : supported) {
        if (entry.function < 0x4000'0000 && entry.function > highest) highest = entry.function;
        adapt(entry, index, processors);
    }
    // KVM gives the host's topology, or one level of it; ours replaces it.
    for (const std::uint32_t leaf : {0xbu, 0x1fu}) {
        const auto gone = std::erase_if(
            supported, [leaf](const kvm_cpuid_entry2& entry) { return entry.function == leaf; });
        if (gone == 0 && (leaf != 0xb || highest < leaf)) continue;
        for (std::uint32_t level = 0; level < 3; ++level)
            supported.push_back(topology(leaf, level, index, processors));
    }
    return supported;
}

unsigned physical_address_bits(const std::vector<kvm_cpuid_entry2>& cpuid) {
    const auto leaf = std::ranges::find(cpuid, 0x8000'0008u, &kvm_cpuid_entry2::function);
    const unsigned bits = leaf == cpuid.end() ? 0 : leaf->eax & 0xff;
    return bits >= 32 && bits <= 52 ? bits : 36;
}

}  // namespace tenon::vmm::kvm

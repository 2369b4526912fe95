#include "host/guest_address_bits.hpp"

#include <cpuid.h>
#include <linux/kvm.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "host/kernel.hpp"

namespace tenon::host {
namespace {

constexpr std::uint32_t address_sizes = 0x8000'0008;

// KVM's answer: a count and so many leaves.
struct SupportedLeaves {
    std::uint32_t count = 0;
    std::uint32_t padding = 0;
    std::array<kvm_cpuid_entry2, 256> leaves{};
};
static_assert(sizeof(SupportedLeaves) == 8 + 256 * 40);

std::optional<std::uint32_t> ask_kvm(Kernel& kernel, std::optional<int> kvm) {
    const auto file = kvm ? kernel.duplicate(*kvm) : kernel.open("/dev/kvm");
    if (!file) return std::nullopt;
    const auto answer = std::make_unique<SupportedLeaves>();
    answer->count = 256;
    const auto asked = kernel.ioctl(*file, KVM_GET_SUPPORTED_CPUID, writable_bytes_of(*answer));
    kernel.close(*file);
    if (!asked) return std::nullopt;
    const auto end = answer->leaves.begin() + std::min<std::uint32_t>(answer->count, 256);
    const auto leaf =
        std::ranges::find(answer->leaves.begin(), end, address_sizes, &kvm_cpuid_entry2::function);
    return leaf == end ? std::nullopt : std::optional{leaf->eax};
}

}  // namespace

unsigned guest_address_bits_of(std::uint32_t eax) {
    const unsigned bits = eax & 0xff;
    // What a processor has that does not tell. Source: Intel SDM volume 2, CPUID.80000008H.
    const unsigned physical = bits >= 32 && bits <= 52 ? bits : 36;
    const unsigned guest = eax >> 16 & 0xff;
    return guest >= 32 ? std::min(guest, physical) : physical;
}

Known<unsigned> read_guest_address_bits(Kernel& kernel, std::optional<int> kvm) {
    if (const auto eax = ask_kvm(kernel, kvm)) return guest_address_bits_of(*eax);
    std::array<unsigned, 4> leaf{};
    if (__get_cpuid(address_sizes, leaf.data(), &leaf[1], &leaf[2], &leaf[3]) == 0)
        return Unknown{"neither /dev/kvm nor the processor tells"};
    return guest_address_bits_of(leaf[0]);
}

}  // namespace tenon::host

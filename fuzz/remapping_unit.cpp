// Fuzzes a guest's IOMMU: registers, invalidation queue and tables in memory.
//
// The first byte says what guest the rest of the input is: one that keeps to the rules and is held
// against a reference, for DMA or for interrupts, or one that does anything.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "tests/support/interrupt_guest.hpp"
#include "tests/support/iommu_guest.hpp"

namespace {

std::string misdeed_of(unsigned kind, tenon::support::ByteSource& guest) {
    using namespace tenon::support;
    if (kind == 2) return run_interrupt_guest(guest).misdeed;
    return kind == 1 ? run_orderly_guest(guest).misdeed : run_hostile_guest(guest).misdeed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    tenon::support::ByteSource guest{std::span{data + 1, size - 1}};
    const auto misdeed = misdeed_of(data[0] % 3u, guest);
    if (misdeed.empty()) return 0;
    std::fputs(misdeed.c_str(), stderr);
    std::abort();
}

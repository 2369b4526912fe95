// Fuzzes a guest's IOMMU: registers, invalidation queue and tables in memory.
//
// The first byte says what guest the rest of the input is: one that keeps to the rules and is held
// against a reference, or one that does anything.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "tests/support/iommu_guest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tenon::support;
    if (size == 0) return 0;
    ByteSource guest{std::span{data + 1, size - 1}};
    const bool orderly = (data[0] & 1) != 0;
    const auto story = orderly ? run_orderly_guest(guest) : run_hostile_guest(guest);
    if (story.misdeed.empty()) return 0;
    std::fputs(story.misdeed.c_str(), stderr);
    std::abort();
}

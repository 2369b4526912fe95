// Fuzzes the way from the bytes that sysfs gives to a plan.
#include <cstddef>
#include <cstdint>

#include "fuzz/capture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tenon::fuzz::plan_file(std::as_bytes(std::span{data, size}));
    return 0;
}

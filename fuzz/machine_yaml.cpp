// Fuzzes the way from YAML of KubeVirt to what is wrong with its machine.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/configuration.hpp"
#include "managed/kubevirt/machine.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input{data, data + size};
    static_cast<void>(tenon::managed::kubevirt::is_machine(input));
    tenon::fuzz::check(tenon::managed::kubevirt::read_machine(input, "fuzz"));
    return 0;
}

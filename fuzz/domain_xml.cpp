// Fuzzes the way from XML of libvirt to what is wrong with its domain.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/configuration.hpp"
#include "managed/libvirt/domain.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input{data, data + size};
    static_cast<void>(tenon::managed::libvirt::is_domain(input));
    tenon::fuzz::check(tenon::managed::libvirt::read_domain(input, "fuzz", nullptr));
    return 0;
}

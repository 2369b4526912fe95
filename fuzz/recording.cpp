// Fuzzes the way from packed files, archives and copied trees of sysfs to the facts of functions.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ranges>
#include <span>
#include <string>

#include "fuzz/memory_file.hpp"
#include "library/recorded.hpp"

namespace tenon::fuzz {
namespace {

// More functions in one input cost time and find nothing new.
constexpr std::size_t most_functions = 8;

void require(bool holds) {
    if (!holds) std::abort();
}

void read(const std::string& path) {
    const auto entries = library::list_recorded(path);
    if (!entries) return require(!entries.error().what.empty());
    for (const auto& entry : *entries | std::views::take(most_functions)) {
        device::DeviceFacts facts;
        const auto filled = entry.facts(facts);
        if (!filled) {
            require(!filled.error().what.empty());
            continue;
        }
        // What somebody recorded is never this host's.
        require(facts.origin != device::Origin::Live);
        if (entry.slot.empty()) continue;
        const auto named = library::read_recorded(path + "#" + entry.slot);
        require(named || !named.error().what.empty());
    }
}

}  // namespace
}  // namespace tenon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tenon::fuzz::read(tenon::fuzz::memory_file(std::as_bytes(std::span{data, size})));
    return 0;
}

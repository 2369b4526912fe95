// Fuzzes the reader of plans that `tenon diff` compares.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cli/text/difference.hpp"
#include "fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tenon;
    static const auto host = library::this_host();
    const auto& path = fuzz::memory_file(std::as_bytes(std::span{data, size}));
    static const library::MachineArguments options{.opening = library::Opening::Forbidden};
    const auto plan = cli::text::read_comparable(host, path, options);
    if (!plan) {
        if (plan.error().what.empty()) std::abort();
        return 0;
    }
    // A plan does not differ from itself.
    if (!cli::text::compare(*plan, *plan).differences.empty()) std::abort();
    return 0;
}

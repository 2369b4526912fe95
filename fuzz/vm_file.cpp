// Fuzzes the reader of files that describe a machine.
#include "library/words/vm_file.hpp"
#include "library/api/request_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tenon;
    const auto options =
        library::words::read_vm_file(fuzz::memory_file(std::as_bytes(std::span{data, size})));
    if (!options) {
        if (options.error().what.empty()) std::abort();
        return 0;
    }
    std::vector<std::string> devices;
    for (const auto& option : *options) {
        if (option.key.empty() || option.where.empty()) std::abort();
        // The command line ends an argument there.
        if (option.value.contains('\0')) std::abort();
        if (option.key == "device") devices.push_back(option.value);
    }
    // The same again on the command line takes the place of what the file has.
    if (library::words::merge_devices(devices, devices).size() > 2 * devices.size()) std::abort();
    // A plan by the library: what the file adds to a request stays when the file comes again.
    const auto request = library::with_entries({}, *options);
    if (!request) {
        if (request.error().what.empty()) std::abort();
        return 0;
    }
    const auto again = library::with_entries(*request, *options);
    if (!again || again->memory != request->memory || again->ports != request->ports ||
        again->processes != request->processes)
        std::abort();
    return 0;
}

// Fuzzes the way from a command of QEMU, or a file of Proxmox, to what is wrong with it. What
// stands behind a line "====" is the file that -readconfig names.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/configuration.hpp"
#include "managed/proxmox/config.hpp"
#include "managed/qemu/command_line.hpp"

namespace tenon::fuzz {
namespace {

Result<managed::said::Configuration> read(std::string_view text,
                                          const managed::qemu::ReadFile& read_file) {
    if (managed::proxmox::is_config(text))
        return managed::proxmox::read_config(text, "fuzz", read_file, nullptr);
    TENON_TRY(words, managed::qemu::read_command(text, "fuzz"), "");
    return managed::qemu::read_command_line(words, read_file);
}

void check_command(std::string_view input) {
    constexpr std::string_view line = "\n====\n";
    const auto end = input.find(line);
    const std::string file{end == std::string_view::npos ? "" : input.substr(end + line.size())};
    check(read(input.substr(0, end),
               [&](const std::string&) -> Result<std::string> { return file; }));
}

}  // namespace
}  // namespace tenon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input{data, data + size};
    tenon::fuzz::check_command(input);
    return 0;
}

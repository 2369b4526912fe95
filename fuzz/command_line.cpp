// Fuzzes the way from a command of QEMU, or a file of Proxmox, to what is wrong with it. What
// stands behind a line "====" is the file that -readconfig names.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "managed/guest/tree.hpp"
#include "managed/proxmox/config.hpp"
#include "managed/qemu/command_line.hpp"
#include "managed/traps/diagnose.hpp"

namespace tenon::fuzz {
namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check_tree(const managed::said::Configuration& configuration,
                const managed::guest::Tree& tree) {
    for (const auto& node : tree.nodes) {
        require(node.bus < tree.buses.size() && node.slot < 32 && node.function < 8);
        require(!node.device || *node.device < configuration.devices.size());
    }
    require(tree.order.size() == configuration.devices.size());
    require(tree.nodes.size() + tree.problems.size() + tree.unplaced.size() <=
            configuration.devices.size() + 16);
}

Result<managed::said::Configuration> read(std::string_view text,
                                          const managed::qemu::ReadFile& read_file) {
    if (managed::proxmox::is_config(text))
        return managed::proxmox::read_config(text, "fuzz", read_file, nullptr);
    TENON_TRY(words, managed::qemu::read_command(text, "fuzz"), "");
    return managed::qemu::read_command_line(words, read_file);
}

void check(std::string_view input) {
    using namespace managed;
    constexpr std::string_view line = "\n====\n";
    const auto end = input.find(line);
    const std::string file{end == std::string_view::npos ? "" : input.substr(end + line.size())};
    const auto configuration =
        read(input.substr(0, end), [&](const std::string&) -> Result<std::string> { return file; });
    if (!configuration) return require(!configuration.error().what.empty());
    const auto tree = guest::make_tree(*configuration);
    check_tree(*configuration, tree);
    const traps::HostView nobody;
    for (const auto& finding : traps::diagnose(traps::Case{*configuration, tree, nobody}).findings)
        require(!finding.what.empty() && !finding.evidence.empty());
}

}  // namespace
}  // namespace tenon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input{data, data + size};
    tenon::fuzz::check(input);
    return 0;
}

// Which functions are displays of the host: the firmware's, a console's, a program's.
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "host/sysfs/users.hpp"

namespace tenon::host::sysfs {
namespace {

using Names = std::map<pci::Address, std::vector<std::string>>;

void find_boot_display(const FileTree& tree, const HostPaths& paths, Names& names) {
    const auto folder = paths.sysfs + "/bus/pci/devices";
    for (const auto& entry : tree.entries(folder)) {
        const auto address = pci::Address::parse(entry);
        if (address && tree.attribute(folder + "/" + entry + "/boot_vga").value_or("") == "1")
            names[*address].emplace_back("boot VGA");
    }
}

void find_framebuffers(const FileTree& tree, const HostPaths& paths, Names& names) {
    const auto folder = paths.sysfs + "/class/graphics";
    for (const auto& entry : tree.entries(folder)) {
        if (!entry.starts_with("fb") || entry == "fbcon") continue;
        if (const auto function = function_above(tree, folder + "/" + entry))
            names[*function].push_back("framebuffer " + entry);
    }
}

// Programs that decide what a card shows: those with a "y" below "master".
std::vector<std::string> masters_of(std::string_view clients) {
    std::vector<std::string> programs;
    for (const auto line : split(clients, '\n')) {
        auto words = split(trimmed(line), ' ');
        std::erase_if(words, [](std::string_view word) { return word.empty(); });
        if (words.size() >= 5 && words[3] == "y") programs.emplace_back(words[0]);
    }
    return programs;
}

// Cards are "card0", their connectors "card0-HDMI-A-1".
void find_screens(const FileTree& tree, const HostPaths& paths, Names& names) {
    constexpr std::string_view card = "card";
    const auto folder = paths.sysfs + "/class/drm";
    for (const auto& entry : tree.entries(folder)) {
        if (!entry.starts_with(card)) continue;
        const auto place = folder + "/" + entry;
        const auto function = function_above(tree, place);
        if (!function) continue;
        if (entry.contains('-')) {
            if (tree.attribute(place + "/enabled").value_or("") == "enabled")
                names[*function].push_back("screen at " + entry);
            continue;
        }
        // Only root sees debugfs.
        const auto clients = tree.read(
            fmt::format("{}/kernel/debug/dri/{}/clients", paths.sysfs, entry.substr(card.size())),
            std::size_t{1} << 20);
        if (!clients) continue;
        for (auto& program : masters_of(*clients))
            names[*function].push_back("shown by " + program);
    }
}

}  // namespace

void find_display_uses(const FileTree& tree, const HostPaths& paths, UsesByFunction& uses) {
    Names names;
    find_boot_display(tree, paths, names);
    find_framebuffers(tree, paths, names);
    find_screens(tree, paths, names);
    for (const auto& [function, all] : names)
        uses[function].push_back(
            {.kind = device::UseKind::Display, .name = fmt::format("{}", fmt::join(all, ", "))});
}

}  // namespace tenon::host::sysfs

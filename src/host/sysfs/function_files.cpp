#include "host/sysfs/function_files.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <limits>
#include <span>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "device/resource_row.hpp"
#include "pci/header.hpp"

namespace tenon::host::sysfs {
namespace {

// A number as sysfs prints it, which fits into Word.
template <typename Word>
Result<Word> read_number(const Folder& folder, std::string_view name) {
    const auto path = folder.file(name);
    TENON_TRY(text, folder.tree.attribute(path), "");
    const auto number = parse_number(text);
    if (!number || *number > std::numeric_limits<Word>::max())
        return malformed("{}: \"{}\" is not the number expected there", path, text);
    return static_cast<Word>(*number);
}

// The bytes without those that tar puts behind what the kernel gave it: a file of 4096 bytes of
// which only the header may be read is filled up with zeros, in which its list of capabilities
// begins.
std::span<const std::byte> given_by_kernel(const std::string& content) {
    const auto bytes = std::as_bytes(std::span{content});
    if (bytes.size() <= pci::header_size) return bytes;
    const auto rest = bytes.subspan(pci::header_size);
    const auto status = load<std::uint16_t>(bytes, pci::header::status);
    const bool has_list = pci::Status{status}.get<pci::CapabilitiesList>() != 0 &&
                          bytes[pci::header::capabilities_pointer] != std::byte{0};
    const bool nothing =
        std::ranges::all_of(rest, [](std::byte byte) { return byte == std::byte{0}; });
    return has_list && nothing ? bytes.first(pci::header_size) : bytes;
}

// Whether it is not there, and that is an answer.
template <typename T>
bool is_absent(const Folder& folder, const Result<T>& read) {
    return folder.complete && !read && read.error().os_error == ENOENT;
}

// The folder without links. The one of a function whose bus is not there tells nothing of what is
// above it.
Result<std::filesystem::path> place_on_bus(const Folder& folder) {
    TENON_TRY(text, folder.tree.resolve(folder.path), "");
    std::filesystem::path place{text};
    auto above = place.parent_path();
    while (pci::Address::parse(above.filename().string()))
        above = above.parent_path();
    if (above.filename().string().starts_with("pci")) return place;
    return fail(Error::Kind::NotFound, "{}: is not in the folder of its bus", folder.path);
}

}  // namespace

Result<pci::ConfigImage> read_config(const Folder& folder) {
    const std::string path = folder.file("config");
    TENON_TRY(content, folder.tree.read(path, pci::express_size), "");
    TENON_TRY(image, pci::ConfigImage::from_bytes(given_by_kernel(content)), path);
    return image;
}

Result<device::Identity> read_identity(const Folder& folder) {
    TENON_TRY(vendor, read_number<std::uint16_t>(folder, "vendor"), "");
    TENON_TRY(device, read_number<std::uint16_t>(folder, "device"), "");
    TENON_TRY(sub_vendor, read_number<std::uint16_t>(folder, "subsystem_vendor"), "");
    TENON_TRY(sub_device, read_number<std::uint16_t>(folder, "subsystem_device"), "");
    TENON_TRY(class_code, read_number<std::uint32_t>(folder, "class"), "");
    TENON_TRY(revision, read_number<std::uint8_t>(folder, "revision"), "");
    return device::Identity{
        .vendor = vendor,
        .device = device,
        .subsystem_vendor = sub_vendor,
        .subsystem_device = sub_device,
        .class_code = class_code,
        .revision = revision,
    };
}

Result<Resources> parse_resources(std::string_view text) {
    Resources resources;
    const auto lines = split(text, '\n');
    if (lines.size() < resources.size())
        return malformed("it has {} lines, not one for each of 6 BARs and the ROM", lines.size());
    for (std::size_t n = 0; n < resources.size(); ++n) {
        TENON_TRY(row, device::parse_resource_row(lines[n]), fmt::format("line {}", n + 1));
        resources.at(n) = row.facts;
    }
    return resources;
}

Result<std::string> read_driver(const Folder& folder) {
    auto name = folder.tree.link_name(folder.file("driver"));
    if (is_absent(folder, name)) return std::string{};
    if (!name && name.error().os_error == ENOENT)
        return fail(Error::Kind::NotFound, "{}", no_link_in_copy);
    return name;
}

Result<bool> read_virtual_function(const Folder& folder) {
    const auto physical = folder.tree.link_name(folder.file("physfn"));
    if (physical) return true;
    if (is_absent(folder, physical)) return false;
    return std::unexpected(physical.error());
}

Result<pci::Address> read_physical_function(const Folder& folder) {
    TENON_TRY(name, folder.tree.link_name(folder.file("physfn")), "");
    const auto address = pci::Address::parse(name);
    if (!address)
        return malformed("{}/physfn leads to \"{}\", which is no PCI address", folder.path, name);
    return *address;
}

Result<int> read_numa_node(const Folder& folder) {
    const std::string path = folder.file("numa_node");
    const auto read = folder.tree.attribute(path);
    // A kernel built without NUMA has no such file, and one node.
    if (is_absent(folder, read)) return -1;
    TENON_TRY(text, read, "");
    int node = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, node);
    if (error != std::errc{} || stop != end) return malformed("{}: \"{}\" is no node", path, text);
    return node;
}

Result<device::LinkFacts> read_link(const Folder& folder) {
    TENON_TRY(speed, folder.tree.attribute(folder.file("current_link_speed")), "");
    TENON_TRY(max_speed, folder.tree.attribute(folder.file("max_link_speed")), "");
    TENON_TRY(width, read_number<unsigned>(folder, "current_link_width"), "");
    TENON_TRY(max_width, read_number<unsigned>(folder, "max_link_width"), "");
    return device::LinkFacts{.speed = std::move(speed),
                             .max_speed = std::move(max_speed),
                             .width = width,
                             .max_width = max_width};
}

Result<std::vector<std::string>> read_reset_methods(const Folder& folder) {
    const auto path = folder.file("reset_method");
    // A function without any reset has no such file, as has every function under an old kernel.
    if (folder.complete && !folder.tree.exists(path) && folder.tree.exists(folder.file("config")))
        return fail(Error::Kind::NotFound, "{}: not there: no reset, or a kernel before 5.15",
                    path);
    TENON_TRY(text, folder.tree.attribute(path), "");
    std::vector<std::string> methods;
    for (const auto word : split(text, ' '))
        if (!word.empty()) methods.emplace_back(word);
    return methods;
}

Result<std::vector<pci::Address>> list_bridges(const Folder& folder) {
    TENON_TRY(place, place_on_bus(folder), "");
    std::vector<pci::Address> bridges;
    for (auto above = place.parent_path();
         const auto address = pci::Address::parse(above.filename().string());
         above = above.parent_path())
        bridges.push_back(*address);
    return bridges;
}

Result<std::vector<pci::Address>> list_bus_neighbours(const Folder& folder) {
    TENON_TRY(place, place_on_bus(folder), "");
    if (!pci::Address::parse(place.parent_path().filename().string()))
        return fail(Error::Kind::NotFound, "it is on a root bus");
    std::vector<pci::Address> functions;
    std::vector<std::filesystem::path> folders{place.parent_path()};
    while (!folders.empty()) {
        const auto next = std::move(folders.back());
        folders.pop_back();
        for (const auto& name : folder.tree.entries(next.string())) {
            const auto address = pci::Address::parse(name);
            // A function is in the folder of its bridge; links may lead round in a circle.
            if (!address || next / name == place || folder.tree.link((next / name).string()))
                continue;
            functions.push_back(*address);
            folders.push_back(next / name);
        }
    }
    std::ranges::sort(functions);
    return functions;
}

}  // namespace tenon::host::sysfs

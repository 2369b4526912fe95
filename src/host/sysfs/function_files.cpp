#include "host/sysfs/function_files.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <limits>
#include <span>
#include <system_error>

#include "base/file.hpp"
#include "base/text.hpp"

namespace tenon::host::sysfs {
namespace {

// A number as sysfs prints it, which fits into Word.
template <typename Word>
Result<Word> read_number(const std::string& path) {
    TENON_TRY(text, read_attribute(path), "");
    const auto number = parse_number(text);
    if (!number || *number > std::numeric_limits<Word>::max())
        return malformed("{}: \"{}\" is not the number expected there", path, text);
    return static_cast<Word>(*number);
}

Result<device::ResourceFacts> parse_resource(std::string_view line) {
    const auto fields = split(trimmed(line), ' ');
    if (fields.size() != 3) return malformed("\"{}\" is not start, end and flags", line);
    const auto start = parse_number(fields[0]);
    const auto end = parse_number(fields[1]);
    const auto flags = parse_number(fields[2]);
    if (!start || !end || !flags) return malformed("\"{}\" is not start, end and flags", line);
    if (*flags == 0 || *end < *start) return device::ResourceFacts{};
    return device::ResourceFacts{.size = *end - *start + 1, .flags = *flags};
}

}  // namespace

Result<pci::ConfigImage> read_config(const std::string& folder) {
    const std::string path = folder + "/config";
    TENON_TRY(content, read_file(path, pci::express_size), "");
    TENON_TRY(image, pci::ConfigImage::from_bytes(std::as_bytes(std::span{content})), path);
    return image;
}

Result<device::Identity> read_identity(const std::string& folder) {
    TENON_TRY(vendor, read_number<std::uint16_t>(folder + "/vendor"), "");
    TENON_TRY(device, read_number<std::uint16_t>(folder + "/device"), "");
    TENON_TRY(sub_vendor, read_number<std::uint16_t>(folder + "/subsystem_vendor"), "");
    TENON_TRY(sub_device, read_number<std::uint16_t>(folder + "/subsystem_device"), "");
    TENON_TRY(class_code, read_number<std::uint32_t>(folder + "/class"), "");
    TENON_TRY(revision, read_number<std::uint8_t>(folder + "/revision"), "");
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
        TENON_TRY(resource, parse_resource(lines[n]), fmt::format("line {}", n + 1));
        resources.at(n) = resource;
    }
    return resources;
}

Result<std::string> read_driver(const std::string& folder) {
    auto name = link_name(folder + "/driver");
    if (!name && name.error().os_error == ENOENT) return std::string{};
    return name;
}

Result<bool> read_virtual_function(const std::string& folder) {
    const auto physical = link_name(folder + "/physfn");
    if (physical) return true;
    if (physical.error().os_error == ENOENT) return false;
    return std::unexpected(physical.error());
}

Result<pci::Address> read_physical_function(const std::string& folder) {
    TENON_TRY(name, link_name(folder + "/physfn"), "");
    const auto address = pci::Address::parse(name);
    if (!address)
        return malformed("{}/physfn leads to \"{}\", which is no PCI address", folder, name);
    return *address;
}

Result<int> read_numa_node(const std::string& folder) {
    const std::string path = folder + "/numa_node";
    const auto read = read_attribute(path);
    // A kernel built without NUMA has no such file, and one node.
    if (!read && read.error().os_error == ENOENT) return -1;
    TENON_TRY(text, read, "");
    int node = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, node);
    if (error != std::errc{} || stop != end) return malformed("{}: \"{}\" is no node", path, text);
    return node;
}

Result<device::LinkFacts> read_link(const std::string& folder) {
    TENON_TRY(speed, read_attribute(folder + "/current_link_speed"), "");
    TENON_TRY(max_speed, read_attribute(folder + "/max_link_speed"), "");
    TENON_TRY(width, read_number<unsigned>(folder + "/current_link_width"), "");
    TENON_TRY(max_width, read_number<unsigned>(folder + "/max_link_width"), "");
    return device::LinkFacts{.speed = std::move(speed),
                             .max_speed = std::move(max_speed),
                             .width = width,
                             .max_width = max_width};
}

Result<std::vector<std::string>> read_reset_methods(const std::string& folder) {
    const auto path = folder + "/reset_method";
    // A function without any reset has no such file, as has every function under an old kernel.
    if (!exists(path) && exists(folder + "/config"))
        return fail(Error::Kind::NotFound, "{}: not there: no reset, or a kernel before 5.15",
                    path);
    TENON_TRY(text, read_attribute(path), "");
    std::vector<std::string> methods;
    for (const auto word : split(text, ' '))
        if (!word.empty()) methods.emplace_back(word);
    return methods;
}

Result<std::vector<pci::Address>> list_bridges(const std::string& folder) {
    std::error_code error;
    auto place = std::filesystem::canonical(folder, error);
    if (error) return fail_system(error.value(), folder);
    std::vector<pci::Address> bridges;
    for (place = place.parent_path();
         const auto address = pci::Address::parse(place.filename().string());
         place = place.parent_path())
        bridges.push_back(*address);
    return bridges;
}

Result<std::vector<pci::Address>> list_bus_neighbours(const std::string& folder) {
    std::error_code error;
    const auto place = std::filesystem::canonical(folder, error);
    if (error) return fail_system(error.value(), folder);
    if (!pci::Address::parse(place.parent_path().filename().string()))
        return fail(Error::Kind::NotFound, "it is on a root bus");
    std::vector<pci::Address> functions;
    std::vector<std::filesystem::path> folders{place.parent_path()};
    while (!folders.empty()) {
        const auto next = std::move(folders.back());
        folders.pop_back();
        for (const auto& name : entries(next.string())) {
            const auto address = pci::Address::parse(name);
            if (!address || next / name == place) continue;
            functions.push_back(*address);
            folders.push_back(next / name);
        }
    }
    std::ranges::sort(functions);
    return functions;
}

bool exists(const std::string& path) {
    std::error_code error;
    const bool found = std::filesystem::exists(path, error);
    return found || static_cast<bool>(error);
}

std::vector<std::string> entries(const std::string& path) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry{path, error}, end; !error && entry != end;
         entry.increment(error))
        names.push_back(entry->path().filename().string());
    std::ranges::sort(names);
    return names;
}

}  // namespace tenon::host::sysfs

#include "library/recorded.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

#include "capture/file.hpp"
#include "host/sysfs/copy.hpp"
#include "host/sysfs/interrupt_lines.hpp"
#include "library/words/limits.hpp"

namespace tenon::library {
namespace {

namespace sysfs = host::sysfs;
using capture::Entry;

// The functions of a copied tree; its folders are in `where`.
std::vector<Entry> entries_of(sysfs::SysfsCopy copy, const std::string& where) {
    const auto tree = std::make_shared<sysfs::Sysfs>(std::move(copy));
    std::vector<Entry> entries;
    const auto addresses = tree->list_functions();
    if (!addresses) return entries;
    for (const auto& address : *addresses)
        entries.push_back({.slot = to_string(address),
                           .address = address,
                           .where = where,
                           .member = {},
                           .bytes = nullptr,
                           .facts = [tree, address](device::DeviceFacts& facts) -> Result<void> {
                               tree->fill_in(address, facts);
                               facts.line = sysfs::InterruptLines{*tree}.of(address);
                               facts.uses = Unknown{"a copy of sysfs does not tell"};
                               return {};
                           }});
    return entries;
}

// A tree tells more than a text beside it.
void put_before(std::vector<Entry>& texts, std::vector<Entry> tree) {
    std::erase_if(texts, [&](const Entry& text) {
        return text.address && std::ranges::any_of(tree, [&](const Entry& one) {
                   return *one.address == *text.address;
               });
    });
    texts.insert(texts.begin(), std::make_move_iterator(tree.begin()),
                 std::make_move_iterator(tree.end()));
}

Result<std::vector<Entry>> read_entries(const std::string& path) {
    TENON_TRY(found,
              capture::read_recording(
                  path, {.keeps_file = sysfs::is_file_of_facts, .root_of = sysfs::root_of_member}),
              "");
    std::vector<Entry> trees;
    for (const auto& root : found.roots) {
        const auto place = root.empty() ? found.tree->name() : found.tree->name() + "/" + root;
        auto copy = sysfs::find_copy(found.tree, place);
        if (!copy) continue;
        auto entries = entries_of(*std::move(copy), root.empty() ? "sysfs" : root);
        std::ranges::move(entries, std::back_inserter(trees));
    }
    put_before(found.entries, std::move(trees));
    if (!found.entries.empty()) return std::move(found.entries);
    return std::unexpected(Error{
        .kind = Error::Kind::NotFound,
        .what = fmt::format("{}: an archive of {} files, and no PCI function in any of them", path,
                            found.files),
        .hint = "It may have the text of lspci -xxxx, captures, a copy of /sys or of /proc/bus/pci "
                "in it"});
}

bool is_folder(const std::string& path) {
    std::error_code error;
    return std::filesystem::is_directory(path, error);
}

// A folder's functions, and which of them the folder itself is.
struct OpenedFolder {
    std::vector<Entry> entries;
    std::optional<pci::Address> function;
};

Result<OpenedFolder> open_folder(const std::string& path) {
    TENON_TRY(opened, sysfs::open_copy(path), "");
    return OpenedFolder{.entries = entries_of(std::move(opened.copy), path),
                        .function = opened.function};
}

}  // namespace

Result<std::vector<Entry>> list_recorded(const std::string& path) {
    if (!is_folder(path)) return read_entries(path);
    TENON_TRY(opened, open_folder(path), "");
    return std::move(opened.entries);
}

Result<device::DeviceFacts> read_recorded(std::string_view named) {
    auto parts = capture::Named::take_apart(named);
    if (!is_folder(parts.path)) {
        TENON_TRY(entries, read_entries(parts.path), "");
        return capture::take(parts, named, entries);
    }
    TENON_TRY(opened, open_folder(parts.path), "");
    if (!parts.slot && opened.function) parts.slot = to_string(*opened.function);
    return capture::take(parts, named, opened.entries);
}

Result<std::vector<device::DeviceFacts>> read_recorded_slot(std::string_view named) {
    const auto parts = capture::Named::take_apart(named);
    TENON_TRY(entries, list_recorded(parts.path), "");
    return capture::take_slot(parts, entries);
}

Result<std::vector<device::DeviceFacts>> read_recorded_all(std::string_view named) {
    const auto parts = capture::Named::take_apart(named);
    TENON_TRY(entries, list_recorded(parts.path), "");
    capture::prefer_bytes(entries);
    // Their facts are large.
    if (entries.size() > words::most_devices)
        return malformed("{}: {} functions; a machine has at most {}", parts.path, entries.size(),
                         words::most_devices);
    return capture::take_all(parts, entries);
}

}  // namespace tenon::library

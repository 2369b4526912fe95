#include "vmm/board/huge_pages.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"

namespace tenon::vmm::board {
namespace {

constexpr std::string_view prefix = "hugepages-";

std::string pool_name(std::uint64_t page) { return fmt::format("{}{}kB", prefix, page >> 10); }

// The sizes of which `folder` has a pool, in words.
std::vector<std::string> known_sizes(const std::string& folder) {
    std::vector<std::uint64_t> sizes;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
        auto name = entry.path().filename().string();
        if (!name.starts_with(prefix) || !name.ends_with("kB")) continue;
        const auto digits =
            std::string_view{name}.substr(prefix.size(), name.size() - prefix.size() - 2);
        if (const auto number = parse_number(digits)) sizes.push_back(*number << 10);
    }
    std::ranges::sort(sizes);
    std::vector<std::string> words;
    words.reserve(sizes.size());
    for (const auto size : sizes)
        words.push_back(format_size(size));
    return words;
}

Result<std::uint64_t> read_count(const std::string& path) {
    TENON_TRY(text, read_attribute(path), "counting huge pages");
    if (const auto number = parse_number(text)) return *number;
    return malformed("{}: \"{}\" is not a number", path, text);
}

// The word that stands in brackets among the choices of an attribute; empty if there is none.
std::string chosen_word(const std::string& path) {
    const auto text = read_attribute(path).value_or("");
    const auto begin = text.find('[');
    const auto end = text.find(']', begin);
    if (begin == std::string::npos || end == std::string::npos) return {};
    return text.substr(begin + 1, end - begin - 1);
}

}  // namespace

Result<void> check_huge_pages(std::uint64_t size, std::uint64_t page, std::optional<unsigned> node,
                              const std::string& sysfs) {
    const auto pools = node ? fmt::format("{}/devices/system/node/node{}/hugepages", sysfs, *node)
                            : sysfs + "/kernel/mm/hugepages";
    const auto pool = pools + '/' + pool_name(page);
    std::error_code error;
    if (!std::filesystem::exists(pool, error)) {
        const auto known = known_sizes(pools);
        return std::unexpected(
            Error{.kind = Error::Kind::Unsupported,
                  .what = fmt::format(
                      "huge pages of {}: this host has {}", format_size(page),
                      known.empty() ? "none" : fmt::format("those of {}", fmt::join(known, ", "))),
                  .hint = known.empty() ? "Leave hugepages= out" : "Choose one of them"});
    }
    TENON_TRY(free, read_count(pool + "/free_hugepages"), "");
    // Pages that other mappings have been promised are still free. A node has no such count.
    const auto promised = node ? 0 : read_count(pool + "/resv_hugepages").value_or(0);
    const auto available = free - std::min(free, promised);
    const auto needed = size / page;
    if (needed <= available) return {};
    const auto total = read_count(pool + "/nr_hugepages").value_or(free);
    return std::unexpected(Error{
        .kind = Error::Kind::Busy,
        .what = fmt::format("guest memory of {} needs {} huge pages of {}{}: {} are free",
                            format_size(size), needed, format_size(page),
                            node ? fmt::format(" on NUMA node {}", *node) : "", available),
        .hint =
            fmt::format("As root: echo {} > {}/nr_hugepages{}", total + needed - available, pool,
                        page >= 1u << 30 ? fmt::format("; the kernel finds so large ones best "
                                                       "at its start: hugepagesz=1G hugepages={}",
                                                       total + needed - available)
                                         : "")});
}

bool memfd_may_be_huge(const std::string& sysfs) {
    const auto folder = sysfs + "/kernel/mm/transparent_hugepage/";
    const auto all = chosen_word(folder + "shmem_enabled");
    if (all == "force" || all == "deny") return all == "force";
    // Since Linux 6.11 each size may have a choice of its own.
    const auto own = chosen_word(folder + "hugepages-2048kB/shmem_enabled");
    const auto& choice = own.empty() || own == "inherit" ? all : own;
    return choice == "always" || choice == "within_size" || choice == "advise";
}

}  // namespace tenon::vmm::board

#include "capture/file.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <ranges>
#include <system_error>

#include "base/file.hpp"
#include "capture/lspci_text.hpp"
#include "capture/raw_blob.hpp"

namespace tenon::capture {
namespace {

constexpr std::size_t longest_file = std::size_t{64} << 20;

struct Named {
    std::string path;
    std::optional<std::string> slot;
};

Named take_apart(std::string_view named) {
    std::error_code error;
    const auto mark = named.rfind('#');
    if (mark == std::string_view::npos || std::filesystem::exists(named, error))
        return {.path = std::string{named}, .slot = std::nullopt};
    return {.path = std::string{named.substr(0, mark)},
            .slot = std::string{named.substr(mark + 1)}};
}

// Nothing but the bytes. The rest keeps the reason why it is not known.
device::DeviceFacts facts_of(std::string_view named, const pci::ConfigImage& config) {
    const Unknown untold{"a dump does not tell"};
    return {
        .source = std::string{named},
        .origin = device::Origin::File,
        .address = Unknown{"a dump of bytes does not tell"},
        .physical = config,
        .vfio = untold,
        .resources = Unknown{"a dump of bytes does not tell them"},
        .group = untold,
        .driver = untold,
        .nodes = untold,
        .virtual_function = untold,
        .numa_node = untold,
        .kernel = untold,
        .identity = untold,
        .has_iommu = untold,
    };
}

std::unexpected<Error> unclear(std::string what, const std::vector<LspciFunction>& functions) {
    constexpr std::size_t most_shown = 32;
    auto slots =
        functions | std::views::transform(&LspciFunction::slot) | std::views::take(most_shown);
    return std::unexpected(
        Error{.kind = Error::Kind::NotFound,
              .what = std::move(what),
              .hint = fmt::format("Write FILE#ADDRESS with one of: {}{}", fmt::join(slots, ", "),
                                  functions.size() > most_shown ? ", …" : "")});
}

Result<LspciFunction> choose(const Named& named, std::vector<LspciFunction> functions) {
    if (!named.slot) {
        if (functions.size() == 1) return std::move(functions.front());
        return unclear(fmt::format("{}: has {} functions", named.path, functions.size()),
                       functions);
    }
    std::vector<LspciFunction> chosen;
    std::ranges::copy_if(functions, std::back_inserter(chosen),
                         [&](const LspciFunction& one) { return one.slot == *named.slot; });
    const auto address = pci::Address::parse(*named.slot);
    if (chosen.empty() && address)  // The same address with or without its domain.
        std::ranges::copy_if(functions, std::back_inserter(chosen),
                             [&](const LspciFunction& one) { return one.address == *address; });
    if (chosen.size() == 1) return std::move(chosen.front());
    if (chosen.empty())
        return unclear(fmt::format("{}: has no function {}", named.path, *named.slot), functions);
    return malformed("{}: has {} more than once, in lines {} and {}", named.path, *named.slot,
                     chosen[0].line, chosen[1].line);
}

}  // namespace

Result<device::DeviceFacts> read_capture(std::string_view named) {
    const auto parts = take_apart(named);
    TENON_TRY(content, read_file(parts.path, longest_file), "");
    if (is_binary(content)) {
        if (parts.slot)
            return malformed("{}: #{}: the file is the bytes of one function, without address",
                             parts.path, *parts.slot);
        TENON_TRY(config, parse_raw_blob(content, parts.path), "");
        return facts_of(named, config);
    }
    TENON_TRY(functions, parse_lspci(content, parts.path), "");
    TENON_TRY(function, choose(parts, std::move(functions)), "");
    auto facts = facts_of(named, function.config);
    facts.address = function.address;
    facts.resources = function.resources;
    return facts;
}

}  // namespace tenon::capture

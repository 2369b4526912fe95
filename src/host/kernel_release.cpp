#include "host/kernel_release.hpp"

#include <limits>

#include "base/text.hpp"

namespace tenon::host {
namespace {

// The digits at the front of `text`, which are taken off it.
std::optional<unsigned> take_number(std::string_view& text) {
    const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_number(text.substr(0, end));
    text.remove_prefix(end);
    if (!number || *number > std::numeric_limits<unsigned>::max()) return std::nullopt;
    return static_cast<unsigned>(*number);
}

}  // namespace

std::optional<KernelRelease> KernelRelease::parse(std::string_view text) {
    const auto major = take_number(text);
    if (!major || !text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
    const auto minor = take_number(text);
    if (!minor) return std::nullopt;
    return KernelRelease{.major = *major, .minor = *minor};
}

}  // namespace tenon::host

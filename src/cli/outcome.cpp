#include "cli/outcome.hpp"

#include <fmt/core.h>

#include "base/printable.hpp"

namespace tenon::cli {

Outcome ended_with(int status, std::string_view text) {
    return {.status = status, .out = {}, .err = fmt::format("tenon: {}\n", printable_line(text))};
}

Outcome ended_with(int status, const Error& error) { return ended_with(status, to_string(error)); }

}  // namespace tenon::cli

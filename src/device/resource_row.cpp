#include "device/resource_row.hpp"

#include "base/text.hpp"

namespace tenon::device {

Result<ResourceRow> parse_resource_row(std::string_view line) {
    const auto fields = split(trimmed(line), ' ');
    if (fields.size() != 3) return malformed("\"{}\" is not start, end and flags", line);
    const auto start = parse_number(fields[0]);
    const auto end = parse_number(fields[1]);
    const auto flags = parse_number(fields[2]);
    if (!start || !end || !flags) return malformed("\"{}\" is not start, end and flags", line);
    if (*flags == 0 || *end < *start) return ResourceRow{};
    return ResourceRow{.start = *start, .facts = {.size = *end - *start + 1, .flags = *flags}};
}

}  // namespace tenon::device

#include "cli/text/timing_text.hpp"

#include <fmt/core.h>

namespace tenon::cli::text {

std::string render_timeline(const std::vector<Timeline::Moment>& moments) {
    using Milliseconds = std::chrono::duration<double, std::milli>;
    std::string text = "tenon: timing of the start, in ms since the program began\n";
    std::chrono::nanoseconds before{0};
    for (const auto& moment : moments) {
        text += fmt::format("{:12.3f} {:+12.3f}  {}\n", Milliseconds{moment.at}.count(),
                            Milliseconds{moment.at - before}.count(), moment.what);
        before = moment.at;
    }
    return text;
}

}  // namespace tenon::cli::text

// What the words of a text say, for tests of their readers.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "capture/listing/reader.hpp"
#include "capture/text/dump.hpp"

namespace tenon::support {

/// A text without rows: it is no dump.
inline capture::listing::Listing read_listing(std::string_view text) {
    capture::listing::Listing listing;
    capture::listing::Reader reader{listing};
    capture::text::DumpReader lines{"text",
                                    [&](std::string_view cleaned, const capture::text::Bare& line,
                                        std::size_t number) -> Result<void> {
                                        reader.take(cleaned, line, number);
                                        return {};
                                    }};
    EXPECT_TRUE(lines.feed(text));
    EXPECT_FALSE(lines.end());
    reader.end();
    return listing;
}

}  // namespace tenon::support

// Where the guest's views of two functions differ.
#pragma once

#include <string>
#include <vector>

#include "cli/text/comparable.hpp"

namespace tenon::cli::text {

/// One difference, in words.
struct Difference {
    std::string where;  ///< "MSI-X (0x11)", "BAR 0 size", "Status [0x06]".
    std::string a;
    std::string b;

    bool operator==(const Difference&) const = default;
};

/// What came of a comparison.
struct Comparison {
    std::vector<Difference> differences;
    std::vector<std::string> not_compared;  ///< What is not known of one side, in sentences.
};

/// Compares ids, link and interrupts, BARs, capabilities one by one, and configuration bytes by
/// capability where both sides know them. A fact that one side lacks is no difference.
Comparison compare(const Comparable& a, const Comparable& b);

}  // namespace tenon::cli::text

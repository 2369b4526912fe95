// Where the plans of two functions differ.
#pragma once

#include <string>
#include <vector>

#include "cli/text/comparable.hpp"

namespace tenon::cli::text {

/// One difference, in words.
struct Difference {
    std::string where;  ///< "msix.vectors", "MSI-X (0x11)+0x04", "Status [0x06]".
    std::string a;
    std::string b;
    bool on_host = false;  ///< Of the host, or words about it: no guest sees it.

    bool operator==(const Difference&) const = default;
};

/// What came of a comparison.
struct Comparison {
    std::vector<Difference> differences;         ///< What a guest sees first.
    std::vector<std::string> not_compared;       ///< What is not known of one side, in sentences.
    std::vector<std::string> unknown_of_both{};  ///< Fields, by name.
    /// Bytes of configuration space that were read of both: with none of them, nothing is known
    /// of what a guest would see.
    std::size_t config_known = 0;
};

/// Compares every field of both plans, and configuration bytes by capability where both sides have
/// them. A fact that one side lacks is no difference.
Comparison compare(const Comparable& a, const Comparable& b);

}  // namespace tenon::cli::text

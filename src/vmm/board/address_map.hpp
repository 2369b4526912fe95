// What lies where in an address space, when more is wanted there than fits. Pure.
//
// A guest may put BARs onto each other, and away again. So who wants which range is kept apart from
// who has it: what is in effect is worked out anew at each change, from who is there and in which
// order they came. Whatever follows the map does the difference and keeps no account of its own.
//
//     wanted, in order of arrival:   1 [────────]   2     [────────]   3           [──────]
//     in effect:                     1 [────────]                      3           [──────]
//     in effect without 1:                          2     [────────]
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace tenon::vmm::board {

/// Ranges of one address space: first come, first served. A range is in effect as a whole, or it
/// waits. Not thread-safe.
class AddressMap {
public:
    using Id = std::uint64_t;

    struct Range {
        std::uint64_t base = 0;
        std::uint64_t size = 0;  ///< At least 1; the range does not wrap.

        std::uint64_t last() const { return base + (size - 1); }
        bool overlaps(const Range& other) const {
            return base <= other.last() && other.base <= last();
        }
    };

    /// What a step has changed. Who goes has to be gone before others come.
    struct Change {
        std::vector<Id> gone;
        std::vector<Id> come;
    };

    /// `id` wants a range from now on, after all who want one already. No other has that `id`.
    Change add(Id id, Range range);

    /// It wants it no more. One that is not there changes nothing.
    Change remove(Id id);

    bool in_effect(Id id) const;

    /// Whether nothing is in effect anywhere in `range`.
    bool is_free(Range range) const;

private:
    struct Wanted {
        Id id = 0;
        Range range;
    };
    using Effect = std::map<std::uint64_t, Wanted>;  ///< By base.

    Change settle();

    std::vector<Wanted> wanted_;  ///< In order of arrival.
    Effect effect_;
};

}  // namespace tenon::vmm::board

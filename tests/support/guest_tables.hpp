// A guest's memory with the tables of a remapping unit in it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include "base/bytes.hpp"
#include "model/iommu/guest_memory.hpp"

namespace tenon::support {

/// Pages of 4 KiB that exist once they are written; all else is a hole. Software's side writes,
/// the unit's side reads.
class GuestTables : public model::iommu::TableMemory {
public:
    /// A page of zeros that nobody has yet.
    std::uint64_t page() {
        const auto at = next_;
        next_ += size;
        pages_[at];
        return at;
    }

    void put(std::uint64_t at, std::uint64_t value) {
        store(std::span{pages_[at & ~(size - 1)]}, at & (size - 1), value);
    }

    /// 0 in a hole.
    std::uint64_t get(std::uint64_t at) const {
        const auto found = pages_.find(at & ~(size - 1));
        return found == pages_.end() ? 0 : load<std::uint64_t>(found->second, at & (size - 1));
    }

    /// Makes a hole.
    void drop(std::uint64_t at) { pages_.erase(at & ~(size - 1)); }

    bool exists(std::uint64_t at) const { return pages_.contains(at & ~(size - 1)); }

    /// The table of `level` (1: entries are pages of 4 KiB) that translates `iova` below `root`, a
    /// table of `levels`; made where there is none.
    std::uint64_t table(std::uint64_t root, unsigned levels, unsigned level, std::uint64_t iova) {
        auto at = root;
        for (auto here = levels; here > level; --here) {
            const auto entry = at + index(here, iova) * 8;
            if ((get(entry) & 3) == 0) put(entry, page() | 3);
            at = get(entry) & 0x000f'ffff'ffff'f000;
        }
        return at;
    }

    /// Where the entry of `iova` in the table of `level` is.
    std::uint64_t entry(std::uint64_t root, unsigned levels, unsigned level, std::uint64_t iova) {
        return table(root, levels, level, iova) + index(level, iova) * 8;
    }

    /// Maps one page: of 4 KiB at level 1, 2 MiB at 2, 1 GiB at 3. `flags`: 1 read, 2 write.
    void map(std::uint64_t root, unsigned levels, std::uint64_t iova, std::uint64_t to,
             std::uint64_t flags = 3, unsigned level = 1) {
        put(entry(root, levels, level, iova), to | flags | (level > 1 ? 0x80u : 0u));
    }

    bool read(GuestAddress at, std::span<std::byte> out) const override {
        ++reads;
        for (std::size_t done = 0; done < out.size();) {
            const auto from = at.value() + done;
            const auto found = pages_.find(from & ~(size - 1));
            if (found == pages_.end()) return false;
            const auto begin = from & (size - 1);
            const auto count = std::min<std::size_t>(out.size() - done, size - begin);
            std::copy_n(found->second.begin() + static_cast<std::ptrdiff_t>(begin), count,
                        out.begin() + static_cast<std::ptrdiff_t>(done));
            done += count;
        }
        return true;
    }

    mutable std::uint64_t reads = 0;

private:
    static constexpr std::uint64_t size = 0x1000;
    static std::uint64_t index(unsigned level, std::uint64_t iova) {
        return iova >> (12 + (level - 1) * 9) & 511;
    }

    std::map<std::uint64_t, std::array<std::byte, size>> pages_;
    std::uint64_t next_ = 0x10'0000;
};

}  // namespace tenon::support

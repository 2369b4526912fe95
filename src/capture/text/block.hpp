// The rows of one function, one after the other, of one form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "capture/text/row.hpp"
#include "pci/config_image.hpp"

namespace tenon::capture::text {

class Block {
public:
    bool empty() const { return bytes_.empty(); }
    /// Bytes so far.
    std::size_t size() const { return bytes_.size(); }
    /// Whether it has as many bytes as a program prints of a function: 64, 256 or 4096.
    bool complete() const;

    /// Whether the row is the one that comes next, by its offset; in an empty block, row 0.
    bool goes_on(const Row& row) const;
    /// Whether it is written as those before, and has at least a group where they have one.
    bool same_form(const Row& row) const;
    /// Why the row has not the bytes that it should, or empty.
    std::string incomplete(const Row& row) const;
    /// The offset that the row is read as, for errors.
    std::size_t offset_of(const Row& row) const;

    /// Takes a row that goes on, in the same form and complete.
    /// Errors: Malformed if it is not certain how many rows a star before it stands for.
    Result<void> add(const Row& row);

    /// A star: rows like the last one follow, up to the next offset. False where no star can be.
    bool add_star();
    /// An offset alone: how many bytes there are. False if it does not fit.
    bool add_end(std::string_view offset);

    /// The configuration space.
    /// Errors: Malformed if the order of bytes in its groups is not certain, or as
    /// pci::ConfigImage::from_bytes().
    Result<pci::ConfigImage> image() const;
    /// Whether the bytes can be a configuration space at all, whatever the order.
    bool plausible() const;

private:
    // What the digits of an offset may mean: a place in the block, by each radix that is left.
    struct Readings {
        unsigned radices = 0;
        std::size_t offset = 0;  // By the first of them.
        bool certain = true;     // Whether all mean the same.
    };
    std::size_t row_bytes(const Row& row) const;
    Readings readings(std::string_view offset) const;
    void fill(std::size_t size);

    std::vector<std::byte> bytes_;
    unsigned radices_ = 7;  // Those that all offsets so far agree with: 1 hex, 2 octal, 4 decimal.
    std::size_t row_bytes_ = 0;
    std::size_t width_ = 1;
    bool colon_ = false;
    bool gap_ = false;  // Whether much space stands behind the offset.
    bool long_offset_ = false;
    bool star_ = false;
};

/// The configuration space in groups of `width` bytes as they were written, which are in the order
/// of memory or, as words of a little-endian machine, the other way round. Errors: Malformed if not
/// exactly one of both can be a configuration space; as pci::ConfigImage::from_bytes().
Result<pci::ConfigImage> image_of(const std::vector<std::byte>& bytes, std::size_t width);

}  // namespace tenon::capture::text

#include "capture/text/block.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>

#include "capture/text/header.hpp"

namespace tenon::capture::text {
namespace {

constexpr std::size_t usual_row = 16;
constexpr std::array<int, 3> radices{16, 8, 10};

// Bytes of a row, by the first one: what stands in columns, without a text behind them.
std::size_t first_row_bytes(const Row& row) {
    if (row.count > usual_row && (row.gaps >> (usual_row / row.width) & 1) != 0) return usual_row;
    for (const std::size_t size : {4, 8, 32})
        if (row.count == size) return size;
    return usual_row;
}

}  // namespace

bool Block::complete() const {
    return size() == pci::header_size || size() == pci::conventional_size ||
           size() == pci::express_size;
}

std::size_t Block::row_bytes(const Row& row) const {
    return empty() ? first_row_bytes(row) : row_bytes_;
}

Block::Readings Block::readings(std::string_view offset) const {
    Readings found;
    for (std::size_t n = 0; n < radices.size(); ++n) {
        if ((radices_ & 1u << n) == 0) continue;
        const auto value = offset_value(offset, radices[n]);
        const bool fits =
            value && (star_ ? *value > size() && *value % row_bytes_ == 0 : *value == size());
        if (!fits) continue;
        if (found.radices == 0) found.offset = *value;
        found.certain = found.certain && *value == found.offset;
        found.radices |= 1u << n;
    }
    return found;
}

bool Block::goes_on(const Row& row) const {
    return size() < pci::express_size && readings(row.offset).radices != 0;
}

bool Block::same_form(const Row& row) const {
    return empty() || (row.colon == colon_ && row.width == width_ && ((row.gaps & 1) != 0) == gap_);
}

std::string Block::incomplete(const Row& row) const {
    const auto want = row_bytes(row);
    const auto offset = offset_of(row);
    const auto groups = want / row.width;
    if (row.count > want && (row.gaps >> groups & 1) == 0)
        return fmt::format("the row of offset {:#04x} has {} bytes instead of {}", offset,
                           row.count, want);
    if (row.count >= want) return {};
    if (!row.behind.empty() && row.width == 1)
        return fmt::format("byte {} of the row of offset {:#04x} is not two hex digits",
                           row.count + 1, offset);
    return fmt::format("the row of offset {:#04x} has {} bytes instead of {}", offset, row.count,
                       want);
}

std::size_t Block::offset_of(const Row& row) const {
    const auto found = readings(row.offset);
    if (found.radices != 0) return found.offset;
    const auto radix = radices[static_cast<std::size_t>(std::countr_zero(radices_))];
    return offset_value(row.offset, radix).value_or(pci::express_size);
}

void Block::fill(std::size_t size) {
    for (std::size_t from = bytes_.size() - row_bytes_; bytes_.size() < size; ++from)
        bytes_.push_back(bytes_[from]);
}

Result<void> Block::add(const Row& row) {
    if (empty()) {
        row_bytes_ = row_bytes(row);
        width_ = row.width;
        colon_ = row.colon;
        gap_ = (row.gaps & 1) != 0;
        long_offset_ = row.offset.size() >= 4;
        if (colon_) radices_ = 1;
    }
    const auto found = readings(row.offset);
    if (!found.certain)
        return malformed("the offset {} behind a star may be of more than one radix", row.offset);
    radices_ = found.radices;
    if (star_) fill(found.offset);
    star_ = false;
    const auto room = std::min(row_bytes_, pci::express_size - bytes_.size());
    bytes_.insert(bytes_.end(), row.bytes.begin(),
                  row.bytes.begin() + static_cast<std::ptrdiff_t>(room));
    return {};
}

bool Block::add_star() {
    if (empty() || star_ || !long_offset_) return false;
    star_ = true;
    return true;
}

bool Block::add_end(std::string_view offset) {
    if (empty() || colon_) return false;
    const auto found = readings(offset);
    if (found.radices == 0 || !found.certain) return false;
    fill(found.offset);
    star_ = false;
    return true;
}

Result<pci::ConfigImage> Block::image() const { return image_of(bytes_, width_); }

bool Block::plausible() const {
    return may_be_header(bytes_) || (width_ > 1 && may_be_header(reversed_groups(bytes_, width_)));
}

Result<pci::ConfigImage> image_of(const std::vector<std::byte>& bytes, std::size_t width) {
    if (width == 1 || bytes.size() < pci::header_size) return pci::ConfigImage::from_bytes(bytes);
    const auto turned = reversed_groups(bytes, width);
    const bool as_written = is_surely_header(bytes);
    if (as_written == is_surely_header(turned))
        return malformed("the order of the bytes in words of {} digits is not certain", 2 * width);
    return pci::ConfigImage::from_bytes(as_written ? bytes : turned);
}

}  // namespace tenon::capture::text

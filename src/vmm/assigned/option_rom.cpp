#include "vmm/assigned/option_rom.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "vmm/board/bus.hpp"

namespace tenon::vmm::assigned {
namespace {

// An option ROM's BAR has at most 16 MiB; more would be somebody's mistake.
// Source: PCI Local Bus 3.0, 6.2.5.2.
constexpr std::uint64_t largest = 16 << 20;

}  // namespace

std::uint64_t OptionRom::read(std::uint64_t offset, unsigned size) {
    const auto& bytes = image();
    if (offset >= bytes.size() || size > bytes.size() - offset) return board::all_ones(size);
    std::uint64_t value = 0;
    for (unsigned n = 0; n < size; ++n)
        value |= std::uint64_t{load<std::uint8_t>(bytes, offset + n)} << 8 * n;
    return value;
}

const std::vector<std::byte>& OptionRom::image() {
    if (request_.image) return *request_.image;
    if (own_) return *own_;
    own_.emplace(std::min(size_, largest));
    const auto read = device_.read(device::rom_region, 0, *own_);
    if (read) return *own_;
    warnings_.check(read, {name_, "option ROM"}, fmt::format("{}: option ROM", name_));
    own_->clear();
    return *own_;
}

}  // namespace tenon::vmm::assigned

#include "vmm/board/firmware_parts.hpp"

namespace tenon::vmm::board {

std::uint64_t PmTimer::read(std::uint64_t offset, unsigned size) {
    constexpr std::uint64_t of_a_second = 1'000'000'000;
    const auto passed = static_cast<std::uint64_t>(now_().count());
    const auto ticks =
        passed / of_a_second * frequency + passed % of_a_second * frequency / of_a_second;
    return (ticks & 0xffff'ffff) >> offset * 8 & all_ones(size);
}

}  // namespace tenon::vmm::board

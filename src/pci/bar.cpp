#include "pci/bar.hpp"

#include "pci/header.hpp"

namespace tenon::pci {

std::vector<Bar> list_bars(const ConfigImage& image) {
    std::vector<Bar> bars;
    for (unsigned index = 0; index < 6; ++index) {
        const auto low = image.read32(header::bar0 + std::size_t{4} * index);
        if (low == 0) continue;
        Bar bar{.index = index};
        if ((low & 1) != 0) {
            bar.kind = BarKind::Io;
            bar.address = low & ~std::uint32_t{3};
        } else {
            bar.prefetchable = (low & 8) != 0;
            bar.address = low & ~std::uint32_t{15};
            // The last register has no neighbour to be the upper half.
            if ((low & 6) == 4 && index < 5) {
                bar.kind = BarKind::Memory64;
                ++index;
                bar.address |= std::uint64_t{image.read32(header::bar0 + std::size_t{4} * index)}
                               << 32;
            }
        }
        bars.push_back(bar);
    }
    return bars;
}

}  // namespace tenon::pci

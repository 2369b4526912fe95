#include "vmm/iommu/table_reader.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace tenon::vmm::iommu {

// Processors of the guest write meanwhile.
bool TableReader::read(GuestAddress at, std::span<std::byte> out) const {
    constexpr std::size_t word = 8;
    const auto place = memory_.span(at, out.size());
    if (!place) return false;
    if (at.value() % word != 0 || out.size() % word != 0) {
        std::ranges::copy(*place, out.begin());
        return true;
    }
    for (std::size_t done = 0; done < out.size(); done += word)
        store(out, done, load_once<std::uint64_t>(*place, done));
    return true;
}

}  // namespace tenon::vmm::iommu

#include "model/running/in_bar.hpp"

#include <algorithm>

namespace tenon::model::running {

InBar find_in_bar(const function::FunctionView& view, unsigned index, std::uint64_t offset,
                  unsigned size) {
    InBar found{.part = BarPart::Device, .offset = offset};
    const auto bar = std::ranges::find(view.bars, index, &function::BarPlan::index);
    if (bar != view.bars.end() && bar->device_bytes &&
        (offset > *bar->device_bytes || size > *bar->device_bytes - offset))
        found.part = BarPart::Nothing;
    if (!view.msix) return found;
    const auto look_in = [&](unsigned in, std::uint64_t begin, std::uint64_t length, BarPart part) {
        if (index != in || offset + size <= begin || offset >= begin + length) return;
        const bool inside = offset >= begin && offset + size <= begin + length;
        found = {.part = inside ? part : BarPart::Nothing, .offset = offset - begin};
    };
    const auto& msix = *view.msix;
    look_in(msix.table_bar, msix.table_offset, msix.table_size(), BarPart::Table);
    look_in(msix.pba_bar, msix.pba_offset, msix.pba_size(), BarPart::Pending);
    return found;
}

}  // namespace tenon::model::running

#include "capture/untold.hpp"

#include "device/untold_iommu.hpp"

namespace tenon::capture {

void leave_untold(device::DeviceFacts& facts, const Unknown& why) {
    // All of them: a new one does not compile until it is thought of here.
    auto& [source, origin, address, physical, vfio, resources, group, driver, nodes,
           virtual_function, physical_function, numa_node, kernel, identity, has_iommu, link,
           reset_methods, path, bus_neighbours, iommu, atomics, words, line, uses] = facts;
    const auto leave = [&](auto&... known) { ((known = why), ...); };
    static_cast<void>(source);
    origin = device::Origin::File;
    words.reset();
    leave(address, physical, vfio, resources, group, driver, nodes, virtual_function,
          physical_function, numa_node, kernel, identity, has_iommu, link, reset_methods, path,
          bus_neighbours, atomics, line, uses);
    device::leave_untold(iommu, why);
}

}  // namespace tenon::capture

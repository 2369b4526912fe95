// What VFIO would tell of a function of ours, so that the plan and all that carries it out take it
// as they take a function of a host.
#pragma once

#include "device/facts.hpp"
#include "model/virtio/backend.hpp"

namespace tenon::model::virtio {

/// Its configuration space, BAR and interrupts. It is nobody's hardware: no address, no group, no
/// driver, no IOMMU.
device::DeviceFacts make_facts(const Backend& backend);

}  // namespace tenon::model::virtio

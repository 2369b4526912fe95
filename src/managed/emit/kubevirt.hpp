// A machine as an object of KubeVirt.
#pragma once

#include <string>

#include "managed/emit/machine.hpp"

namespace tenon::managed::emit {

/// YAML of a VirtualMachineInstance. KubeVirt chooses functions by their ids and leaves places to
/// libvirt, which gives each a root port of its own: the machine need not be a prepared one.
/// Comments say what cannot be said, and what the cluster has to permit.
/// Source: KubeVirt, staging/src/kubevirt.io/api/core/v1/schema.go, hostdev.go.
std::string kubevirt_instance(const Machine& machine);

}  // namespace tenon::managed::emit

// A virtual machine of KubeVirt, as what KubeVirt hands to libvirt: as far as devices of the host,
// the machine, the CPU and memory go.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::kubevirt {

/// More than one document needs; what is longer takes a reader of YAML too long.
inline constexpr std::size_t longest_document = std::size_t{256} << 10;

/// Whether a text is YAML or JSON of a KubeVirt object.
bool is_machine(std::string_view text);

/// Reads the first VirtualMachineInstance or VirtualMachine in the text. Which functions of the
/// host it gets is known only once it runs: those have no address. `file` is its name.
/// Errors: Malformed for what is no YAML, is too long or nests too deep, and for a document
/// without a machine.
/// Source: KubeVirt, staging/src/kubevirt.io/api/core/v1/schema.go, hostdev.go, pci-placement.go.
Result<said::Configuration> read_machine(std::string_view text, std::string_view file);

}  // namespace tenon::managed::kubevirt

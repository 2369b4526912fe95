// A domain of libvirt, as the command of QEMU that libvirt makes of it: as far as PCI devices, the
// machine, the CPU, memory and the vIOMMU go.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "managed/qemu/command_line.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::libvirt {

/// Whether a text is XML of libvirt that may have a domain: its first element is one, the state of
/// a running one, or a snapshot. Lines in front of the XML, comments and declarations are passed
/// over.
bool is_domain(std::string_view text);

/// Reads the first domain in the text: what `virsh dumpxml` prints, a file of /etc/libvirt/qemu or
/// /run/libvirt/qemu, a snapshot, or what somebody wrote for `virsh define`. Devices without an
/// address get those that libvirt gives them. `file` is its name.
/// Errors: those of Document::parse(); Malformed for XML without a domain, or one of another
/// hypervisor.
/// Source: libvirt 12.9, docs/formatdomain; run.
Result<said::Configuration> read_domain(std::string_view text, std::string_view file,
                                        const qemu::ReadFile& read_file);

}  // namespace tenon::managed::libvirt

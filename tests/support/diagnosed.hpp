// What the traps find in a configuration of any manager.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "managed/guest/tree.hpp"
#include "managed/kubevirt/machine.hpp"
#include "managed/libvirt/domain.hpp"
#include "managed/proxmox/config.hpp"
#include "managed/qemu/command_line.hpp"
#include "managed/traps/diagnose.hpp"

namespace tenon::support {

/// A configuration: XML of libvirt, an object of KubeVirt, a guest's .conf of Proxmox, else a
/// command of QEMU.
inline Result<managed::said::Configuration> read_any(std::string_view text) {
    using namespace managed;
    if (libvirt::is_domain(text)) return libvirt::read_domain(text, "vm.xml", nullptr);
    if (kubevirt::is_machine(text)) return kubevirt::read_machine(text, "vm.yaml");
    if (proxmox::is_config(text)) return proxmox::read_config(text, "101.conf", nullptr, nullptr);
    TENON_TRY(words, qemu::read_command(text, "vm.sh"), "");
    return qemu::read_command_line(words, nullptr);
}

/// The diagnosis of a configuration on a host. One that cannot be read is a finding "unreadable".
inline managed::traps::Diagnosis diagnosed(std::string_view text,
                                           const managed::traps::HostView& host = {}) {
    using namespace managed;
    const auto read = read_any(text);
    if (!read) return {.findings = {{.trap = "unreadable", .what = read.error().what}}};
    const auto tree = guest::make_tree(*read);
    return traps::diagnose(traps::Case{*read, tree, host});
}

/// The names of what was found, in order.
inline std::vector<std::string> traps_in(std::string_view command,
                                         const managed::traps::HostView& host = {}) {
    std::vector<std::string> names;
    for (const auto& finding : diagnosed(command, host).findings)
        names.push_back(finding.trap);
    return names;
}

/// A host with one function, whose facts can be changed before it is looked at.
inline managed::traps::HostView host_with(device::DeviceFacts facts) {
    managed::traps::HostView view;
    view.asked = true;
    view.functions.push_back(std::make_unique<device::DeviceFacts>(std::move(facts)));
    return view;
}

}  // namespace tenon::support

// What the traps find in a command line of QEMU.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "managed/guest/tree.hpp"
#include "managed/qemu/command_line.hpp"
#include "managed/traps/diagnose.hpp"

namespace tenon::support {

/// The diagnosis of a command on a host. A command that cannot be read is a finding "unreadable".
inline managed::traps::Diagnosis diagnosed(std::string_view command,
                                           const managed::traps::HostView& host = {}) {
    using namespace managed;
    const auto words = qemu::read_command(command, "vm.sh");
    if (!words) return {.findings = {{.trap = "unreadable", .what = words.error().what}}};
    const auto read = qemu::read_command_line(*words, nullptr);
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

// What was decided of a capability, and why: what `plan` prints and `run` carries out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pci/capability.hpp"
#include "pci/capability_table.hpp"

namespace tenon::model::chosen {

using pci::Action;
using pci::CapabilityList;

/// "pass", "emulate", "hide", "synthesize".
std::string_view name_of(Action action);

/// One capability: where it is on the host, where in the guest, and why.
struct Decision {
    CapabilityList list = CapabilityList::Standard;
    std::uint16_t id = 0;
    std::string name;
    std::optional<std::uint16_t> host_offset;   ///< None: the host has none there.
    std::optional<std::uint16_t> guest_offset;  ///< None: the guest does not see it.
    std::uint16_t size = 0;                     ///< Bytes.
    Action action = Action::Hide;
    std::string why;     ///< A sentence for a person, without a full stop.
    std::string source;  ///< Section of a specification, or a kernel file.

    bool operator==(const Decision&) const = default;
};

/// Why something cannot be done, and what mends it.
struct Reason {
    std::string what;
    std::string remedy;                 ///< In words: a key, a setting. Empty: the commands do.
    std::vector<std::string> commands;  ///< For a root shell, in order. Both empty: nothing does.

    bool operator==(const Reason&) const = default;
};

}  // namespace tenon::model::chosen

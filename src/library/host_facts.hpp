// Whose facts a check takes, and what of them a configuration asks for.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "capture/choice.hpp"
#include "library/gather.hpp"
#include "managed/said/configuration.hpp"
#include "managed/traps/case.hpp"

namespace tenon::library {

/// This host, what somebody recorded of another, or nobody.
class HostFacts {
public:
    /// `named` as CheckRequest::host; of a process it is this host where none is named. `host` must
    /// outlive the facts.
    /// Errors: those of list_recorded().
    static Result<HostFacts> open(const Host& host, std::string_view named, bool of_process);

    /// The functions of a slot, in order. None: nobody knows.
    std::optional<std::vector<pci::Address>> functions_of(const pci::Address& slot) const;

    /// Puts the facts of the functions, or that one is not there, into the view.
    void look(std::span<const pci::Address> addresses, managed::traps::HostView& view) const;

    /// Puts in what this user may lock.
    void look_at_limit(managed::traps::HostView& view) const;

    /// Puts in the files of ROMs that are not on this host, or are none. What this user may not
    /// read, another may.
    void look_at_roms(const managed::said::Configuration& configuration,
                      managed::traps::HostView& view) const;

private:
    // The driver of a function. Empty: none, or nobody knows.
    std::string driver_of(const pci::Address& address) const;
    void look_at_physical(managed::traps::HostView& view) const;
    void look_here(const pci::Address& address, managed::traps::HostView& view) const;
    void look_there(const pci::Address& address, managed::traps::HostView& view) const;

    const Host* here_ = nullptr;
    std::vector<capture::Entry> entries_;
    bool asked_ = false;
};

}  // namespace tenon::library

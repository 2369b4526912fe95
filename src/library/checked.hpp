// A manager's configuration, what a guest would see by it, and what is wrong with it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/gather.hpp"
#include "managed/guest/tree.hpp"
#include "managed/said/configuration.hpp"
#include "managed/traps/case.hpp"
#include "managed/traps/finding.hpp"

namespace tenon::library {

/// What is to be checked: one of a file, words and a process.
struct CheckRequest {
    std::string file;  ///< Of a command, as a shell or /proc has it; "-": standard input.
    std::vector<std::string> words;   ///< Of a command.
    std::optional<unsigned> process;  ///< A running QEMU of this host.
    /// Whose facts count: "here", or what somebody recorded of a host. Empty: nobody's; of a
    /// process, those of this host.
    std::string host;
    /// By whose rules assigned functions are seen: what version_of_target() made of --target,
    /// without a place. Empty: the newest QEMU.
    std::string target;
};

/// What CheckRequest::target is for the text of --target.
/// Errors: Malformed for what is no version of QEMU, or has a place.
Result<std::string> target_of_check(std::string_view text);

/// What means this machine as `CheckRequest::host`.
inline constexpr std::string_view this_machine = "here";

/// All of it.
struct Checked {
    managed::said::Configuration configuration;
    managed::guest::Tree tree;
    managed::traps::HostView host;
    managed::traps::Diagnosis diagnosis;
    std::string target;  ///< CheckRequest::target
};

/// Reads the configuration and, of a host that is named, the facts of the functions in it; opens
/// none of them.
/// Errors: those of read_input(), and of what it reads; those of list_recorded() for the host;
/// NotFound for a process that is not there.
Result<std::unique_ptr<Checked>> check(const Host& host, const CheckRequest& request);

/// It as one JSON object, by docs/check.schema.json, with a line end.
std::string check_to_json(const Checked& checked);

}  // namespace tenon::library

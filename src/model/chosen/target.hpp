// Who shows a function to the guest: Tenon, or QEMU itself. The value of `--target`.
//
// `--machine qemu-11.1` is Tenon with QEMU's defaults; `--target qemu-11.1` is QEMU. A target is a
// row like a machine version, and its name stands where the name of one does: "QEMU 11.1". What
// versions of QEMU do differently is in the row, and nothing compares numbers to decide a rule.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/chosen/machine_version.hpp"

namespace tenon::model::chosen {

/// Where QEMU's guest has a function.
enum class QemuPlace {
    Port,          ///< Below a pcie-root-port of machine q35.
    RootBus,       ///< On pcie.0 of machine q35.
    Conventional,  ///< Below pcie-pci-bridge or pci-bridge of machine q35.
    Pc,            ///< On pci.0 of machine pc.
};

/// "port", "root-bus", "conventional", "pc".
std::string_view name_of(QemuPlace place);

/// A version of QEMU with rules of its own, and a place.
struct Target {
    MachineVersion as;      ///< What it has where the user says nothing; `name` is the target's.
    std::string_view name;  ///< As --target takes it: "qemu-11.1".
    QemuPlace place = QemuPlace::Port;
    bool takes_ats = false;  ///< Its vfio-pci has the property `ats`.
};

/// What a user named.
struct TargetChoice {
    const Target* target = nullptr;  ///< The version named, or the nearest that has rules.
    std::string asked;               ///< "qemu-7.2"
    std::string doubt;  ///< What may be otherwise in the version that was named; may be empty.
};

/// All of them, the newest version first.
std::span<const Target> targets();

/// The name of the machine version that stands for the value of `--target`; empty for "tenon".
/// `text` is "tenon", or "qemu[-VERSION][,place=port|root-bus|conventional|pc]".
/// Errors: Malformed for another, saying what is known.
Result<std::string> version_of_target(std::string_view text);

/// The target that a version's name stands for, if it is one's: of a plan, or of its request.
std::optional<TargetChoice> find_target(std::string_view version);

}  // namespace tenon::model::chosen

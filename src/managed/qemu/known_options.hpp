// The options of QEMU: which there are, and which have an argument.
#pragma once

#include <optional>
#include <string_view>

namespace tenon::managed::qemu {

/// Whether an option has an argument.
enum class Argument { None, One };

/// What is known of the option, named without dashes. None: it is not known.
/// Source: `qemu-system-x86_64 --help` of QEMU 7.2 to 11.1.
std::optional<Argument> find_option(std::string_view name);

}  // namespace tenon::managed::qemu

// In which type of JSON QEMU takes properties that are often written in another.
#pragma once

#include <optional>
#include <string_view>

#include "managed/said/value.hpp"

namespace tenon::managed::qemu {

/// Text, Number or Flag of a property of the driver. None: it is not known here.
/// Source: `-device DRIVER,help` of QEMU 11.1.3; an OnOffAuto is a text.
std::optional<said::ValueKind> type_of_property(std::string_view driver, std::string_view name);

}  // namespace tenon::managed::qemu

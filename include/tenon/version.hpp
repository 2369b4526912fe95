// Which version of the library this is.
#pragma once

#include <string_view>

#include "tenon/export.hpp"

namespace tenon {

/// "0.1.0": major, minor, patch. A program built against one minor version works with later ones of
/// the same major version; below 1.0 with the same minor version alone.
TENON_API std::string_view version();

}  // namespace tenon

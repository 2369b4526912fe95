#include "tenon/version.hpp"

#include "library/version.hpp"

namespace tenon {

std::string_view version() { return library::version_number; }

}  // namespace tenon

#include "base/path.hpp"

namespace tenon {

Result<const char*> kernel_path(const std::string& path) {
    const auto zero = path.find('\0');
    if (zero == std::string::npos) return path.c_str();
    return malformed("{}\\0…: a zero byte cannot be in the name of a file", path.substr(0, zero));
}

}  // namespace tenon

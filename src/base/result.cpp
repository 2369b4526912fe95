#include "base/result.hpp"

#include <cerrno>
#include <system_error>

namespace tenon {
namespace {

Error::Kind kind_of(int os_error) {
    switch (os_error) {
        case ENOENT:
        case ENODEV:
        case ENXIO:
            return Error::Kind::NotFound;
        case EACCES:
        case EPERM:
            return Error::Kind::Denied;
        case EBUSY:
            return Error::Kind::Busy;
        case ENOTTY:
        case EOPNOTSUPP:
        case ENOSYS:
            return Error::Kind::Unsupported;
        default:
            return Error::Kind::Io;
    }
}

}  // namespace

Error Error::during(std::string_view step) && {
    if (!step.empty()) what.insert(0, fmt::format("{}: ", step));
    return std::move(*this);
}

std::string to_string(const Error& error) {
    if (error.hint.empty()) return error.what;
    return fmt::format("{}. {}", error.what, error.hint);
}

Error system_error(int os_error, std::string_view what, std::string_view hint) {
    return Error{
        .kind = kind_of(os_error),
        .what = fmt::format("{}: {}", what, std::generic_category().message(os_error)),
        .os_error = os_error,
        .hint = std::string{hint},
    };
}

}  // namespace tenon

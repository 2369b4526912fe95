#include "base/file_limit.hpp"

#include <sys/resource.h>

namespace tenon {

std::uint64_t raise_file_limit() {
    ::rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
    const ::rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) < 0) return limit.rlim_cur;
    return raised.rlim_cur;
}

}  // namespace tenon

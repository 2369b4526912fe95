// One row of what threads may ask of the kernel.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "vmm/seal/thread_kind.hpp"

namespace tenon::vmm::seal {

/// Holds if (argument & mask) == value.
struct Condition {
    unsigned argument = 0;  ///< 0 to 5.
    std::uint64_t mask = ~std::uint64_t{0};
    std::uint64_t value = 0;
};

/// A system call that some kinds of thread may make. Several rows may name the same call: the first
/// whose conditions hold answers.
struct Rule {
    int number = 0;         ///< As SYS_… of x86-64.
    std::string_view name;  ///< The call's, or the request's of ioctl(2).
    Kinds who;
    std::string_view reason;
    std::vector<Condition> conditions = {};
    std::string_view where = {};  ///< The conditions in words.
    int refused = 0;              ///< An errno that it gets instead of being carried out; 0: it is.
};

}  // namespace tenon::vmm::seal

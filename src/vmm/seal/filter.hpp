// A filter of system calls, made of rows. Pure: rows in, a program of the kernel's packet filter
// out.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>
#include <vector>

#include "vmm/seal/rule.hpp"

namespace tenon::vmm::seal {

/// What a filter answers. Source: seccomp(2).
struct Answers {
    std::uint32_t allowed = SECCOMP_RET_ALLOW;
    std::uint32_t otherwise = SECCOMP_RET_TRAP;  ///< No row allows or refuses it.
};

/// The program that answers a call as the first row of its number whose conditions hold. Calls of
/// another architecture, and x32's, have no row.
///
/// `rules`: fewer than 1000, each with four conditions at most: the kernel takes 4096 instructions.
std::vector<sock_filter> compile(std::span<const Rule* const> rules, const Answers& answers = {});

}  // namespace tenon::vmm::seal

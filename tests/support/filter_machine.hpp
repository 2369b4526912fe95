// Runs a filter of system calls as the kernel would.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

namespace tenon::support {

/// What the filter answers to a call. Throws for an instruction that our filters have no use for,
/// and for a program that runs out of itself. Source: Linux Documentation/networking/filter.rst.
inline std::uint32_t run_filter(std::span<const sock_filter> program, const seccomp_data& call) {
    std::uint32_t accumulator = 0;
    for (std::size_t at = 0; at < program.size(); ++at) {
        const auto& step = program[at];
        switch (step.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (step.k % 4 != 0 || step.k > sizeof call - 4) throw std::out_of_range("load");
                // SAFETY: the place was checked.
                std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + step.k, 4);
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                accumulator &= step.k;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                at += accumulator == step.k ? step.jt : step.jf;
                break;
            case BPF_JMP | BPF_JA:
                at += step.k;
                break;
            case BPF_RET | BPF_K:
                return step.k;
            default:
                throw std::invalid_argument("instruction");
        }
    }
    throw std::out_of_range("the end of the program");
}

}  // namespace tenon::support

#include "vmm/seal/filter.hpp"

#include <linux/audit.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <iterator>

namespace tenon::vmm::seal {
namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint16_t load_word = BPF_LD | BPF_W | BPF_ABS;
constexpr std::uint16_t mask_word = BPF_ALU | BPF_AND | BPF_K;
constexpr std::uint16_t is_equal = BPF_JMP | BPF_JEQ | BPF_K;
constexpr std::uint16_t jump = BPF_JMP | BPF_JA;
constexpr std::uint16_t answer = BPF_RET | BPF_K;

// Where the jump of a condition that does not hold will lead.
constexpr std::uint8_t next_rule = 0xff;

sock_filter step(std::uint16_t code, std::uint32_t value, std::uint8_t so = 0,
                 std::uint8_t else_ = 0) {
    return {.code = code, .jt = so, .jf = else_, .k = value};
}

// The kernel's filters see 32 bits at a time.
void compare_half(Program& program, std::uint32_t place, std::uint32_t mask, std::uint32_t value) {
    if (mask == 0) return;
    program.push_back(step(load_word, place));
    if (mask != ~std::uint32_t{0}) program.push_back(step(mask_word, mask));
    program.push_back(step(is_equal, value, 0, next_rule));
}

void compare(Program& program, const Condition& condition) {
    const auto place = static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                                  condition.argument * sizeof(std::uint64_t));
    compare_half(program, place, static_cast<std::uint32_t>(condition.mask),
                 static_cast<std::uint32_t>(condition.value));
    compare_half(program, place + 4, static_cast<std::uint32_t>(condition.mask >> 32),
                 static_cast<std::uint32_t>(condition.value >> 32));
}

void append(Program& program, const Program& part) {
    program.insert(program.end(), part.begin(), part.end());
}

Program compile_rule(const Rule& rule, const Answers& answers) {
    Program program;
    for (const auto& condition : rule.conditions)
        compare(program, condition);
    const auto refused =
        SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(rule.refused) & SECCOMP_RET_DATA);
    program.push_back(step(answer, rule.refused == 0 ? answers.allowed : refused));
    assert(program.size() < next_rule);
    for (std::size_t at = 0; at < program.size(); ++at)
        if (program[at].jf == next_rule)
            program[at].jf = static_cast<std::uint8_t>(program.size() - at - 1);
    return program;
}

}  // namespace

Program compile(std::span<const Rule* const> rules, const Answers& answers) {
    Program program{step(load_word, offsetof(seccomp_data, arch)),
                    step(is_equal, AUDIT_ARCH_X86_64, 1, 0), step(answer, answers.otherwise),
                    step(load_word, offsetof(seccomp_data, nr))};
    std::vector<int> done;
    for (const auto* const rule : rules) {
        if (std::ranges::find(done, rule->number) != done.end()) continue;
        done.push_back(rule->number);
        Program body;
        for (const auto* const other : rules)
            if (other->number == rule->number) append(body, compile_rule(*other, answers));
        body.push_back(step(answer, answers.otherwise));
        // A body may be longer than a conditional jump reaches.
        program.push_back(step(is_equal, static_cast<std::uint32_t>(rule->number), 1, 0));
        program.push_back(step(jump, static_cast<std::uint32_t>(body.size())));
        append(program, body);
    }
    program.push_back(step(answer, answers.otherwise));
    return program;
}

}  // namespace tenon::vmm::seal

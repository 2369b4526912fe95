#include "vmm/seal/filter.hpp"

#include <gtest/gtest.h>
#include <linux/audit.h>

#include <array>
#include <cerrno>
#include <ranges>

#include "tests/support/filter_machine.hpp"

namespace tenon::vmm::seal {
namespace {

constexpr std::uint32_t refused(std::uint32_t error) { return SECCOMP_RET_ERRNO | error; }

std::vector<sock_filter> compile_all(const std::vector<Rule>& rules, const Answers& answers = {}) {
    std::vector<const Rule*> rows;
    for (const auto& rule : rules)
        rows.push_back(&rule);
    return compile(rows, answers);
}

std::uint32_t ask(const std::vector<sock_filter>& filter, int number,
                  std::array<std::uint64_t, 6> arguments = {},
                  std::uint32_t architecture = AUDIT_ARCH_X86_64) {
    seccomp_data call{.nr = number, .arch = architecture, .instruction_pointer = 0, .args = {}};
    std::ranges::copy(arguments, call.args);
    return support::run_filter(filter, call);
}

TEST(CompileFilter, AllowsWhatHasARowAndTrapsTheRest) {
    const auto filter = compile_all({{.number = 3, .who = {}}, {.number = 7, .who = {}}});
    EXPECT_EQ(ask(filter, 3), SECCOMP_RET_ALLOW);
    EXPECT_EQ(ask(filter, 7), SECCOMP_RET_ALLOW);
    EXPECT_EQ(ask(filter, 4), SECCOMP_RET_TRAP);
    EXPECT_EQ(ask(compile_all({}), 3), SECCOMP_RET_TRAP);
}

TEST(CompileFilter, TrapsOtherArchitecturesAndX32) {
    constexpr int x32_bit = 0x40000000;
    const auto filter = compile_all({{.number = 3}});
    EXPECT_EQ(ask(filter, 3, {}, AUDIT_ARCH_I386), SECCOMP_RET_TRAP);
    EXPECT_EQ(ask(filter, 3 | x32_bit), SECCOMP_RET_TRAP);
}

TEST(CompileFilter, ComparesAllBitsOfAnArgumentThatTheMaskHas) {
    const auto filter = compile_all(
        {{.number = 3, .conditions = {{.argument = 5, .mask = ~0ull, .value = 0x1'0000'0002}}}});
    EXPECT_EQ(ask(filter, 3, {0, 0, 0, 0, 0, 0x1'0000'0002}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(ask(filter, 3, {0, 0, 0, 0, 0, 0x0'0000'0002}), SECCOMP_RET_TRAP);
    EXPECT_EQ(ask(filter, 3, {0, 0, 0, 0, 0, 0x1'0000'0003}), SECCOMP_RET_TRAP);
}

TEST(CompileFilter, LeavesOutBitsThatTheMaskHasNot) {
    const auto filter =
        compile_all({{.number = 3, .conditions = {{.argument = 1, .mask = 0xff, .value = 0x12}}}});
    EXPECT_EQ(ask(filter, 3, {0, 0xffff'ffff'ffff'ff12}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(ask(filter, 3, {0, 0x13}), SECCOMP_RET_TRAP);
}

TEST(CompileFilter, WantsAllConditionsOfARowAndTakesTheFirstRowThatHolds) {
    const auto filter = compile_all(
        {{.number = 3, .conditions = {{.argument = 0, .value = 1}, {.argument = 1, .value = 2}}},
         {.number = 3, .conditions = {{.argument = 0, .value = 1}}, .refused = EACCES},
         {.number = 3, .conditions = {{.argument = 0, .value = 5}}}});
    EXPECT_EQ(ask(filter, 3, {1, 2}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(ask(filter, 3, {1, 3}), refused(EACCES));
    EXPECT_EQ(ask(filter, 3, {5, 3}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(ask(filter, 3, {6, 3}), SECCOMP_RET_TRAP);
}

TEST(CompileFilter, ReachesWhatStandsBehindManyRowsOfOneCall) {
    std::vector<Rule> rules;
    for (const auto value : std::views::iota(0ull, 500ull))
        rules.push_back({.number = 16, .conditions = {{.argument = 1, .value = value}}});
    rules.push_back({.number = 17});
    const auto filter = compile_all(rules);
    EXPECT_EQ(ask(filter, 16, {0, 0}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(ask(filter, 16, {0, 499}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(ask(filter, 16, {0, 500}), SECCOMP_RET_TRAP);
    EXPECT_EQ(ask(filter, 17), SECCOMP_RET_ALLOW);
    EXPECT_EQ(ask(filter, 18), SECCOMP_RET_TRAP);
}

TEST(CompileFilter, AnswersAsItIsTold) {
    const auto filter =
        compile_all({{.number = 3}}, {.allowed = SECCOMP_RET_TRACE, .otherwise = SECCOMP_RET_LOG});
    EXPECT_EQ(ask(filter, 3), SECCOMP_RET_TRACE);
    EXPECT_EQ(ask(filter, 4), SECCOMP_RET_LOG);
}

}  // namespace
}  // namespace tenon::vmm::seal

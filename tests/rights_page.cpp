// Prints docs/sealed.md from the table of what threads may do.
#include <fmt/core.h>
#include <sys/syscall.h>

#include <string>
#include <string_view>

#include "vmm/rights/table.hpp"

namespace {

using tenon::vmm::rights::acting;
using tenon::vmm::seal::all_thread_kinds;
using tenon::vmm::seal::Kinds;
using tenon::vmm::seal::Rule;
using tenon::vmm::seal::ThreadKind;

std::string list(Kinds kinds) {
    std::string text;
    for (const auto kind : all_thread_kinds)
        if (kinds.contains(kind))
            text += fmt::format("{}{}", text.empty() ? "" : ", ", name_of(kind));
    return text;
}

std::string words(Kinds kinds) {
    const auto everyone = tenon::vmm::seal::everyone();
    if (kinds == everyone) return "all";
    if (kinds == (everyone | Kinds{ThreadKind::Opener})) return "all, opener";
    for (const auto kind : all_thread_kinds)
        if (kinds == everyone.without(kind)) return fmt::format("all but {}", name_of(kind));
    if ((kinds | acting) != kinds) return list(kinds);
    Kinds others;
    for (const auto kind : all_thread_kinds)
        if (kinds.contains(kind) && !acting.contains(kind)) others = others | Kinds{kind};
    return others == Kinds{} ? "acting" : "acting, " + list(others);
}

std::string what_of(const Rule& row) {
    std::string text{row.where};
    if (row.refused != 0) text += text.empty() ? "refused" : ", refused";
    return text;
}

void print_kinds() {
    struct Row {
        ThreadKind kind;
        std::string_view what;
    };
    constexpr Row rows[]{
        {ThreadKind::Main, "starts the others, starts the guest again, gives everything back"},
        {ThreadKind::Vcpu, "runs the guest, and carries out what its accesses ask for"},
        {ThreadKind::Events, "waits for events of devices and for timers"},
        {ThreadKind::Console, "takes in what is typed, and signals that end the machine"},
        {ThreadKind::Output, "writes what the guest's serial port sends, or warnings"},
        {ThreadKind::HotPlug, "takes devices out and looks at their errors"},
        {ThreadKind::Control, "talks to clients of the control socket"},
        {ThreadKind::Worker, "carries out one command of a client"},
        {ThreadKind::Mapper, "maps guest memory for DMA beside the start"},
        {ThreadKind::Backend, "talks to a process that is a device"},
        {ThreadKind::Opener, "a process beside it: opens nodes of devices for workers"}};
    fmt::print("| kind | what it does |\n| --- | --- |\n");
    for (const auto& [kind, what] : rows)
        fmt::print("| {} | {} |\n", name_of(kind), what);
}

}  // namespace

int main() {
    fmt::print(
        "# What threads of a sealed machine may do\n\n"
        "Made from the table in `src/vmm/rights` (the target `rights_page` prints it), which the "
        "filters of system calls are\nmade of as well. See [the sandbox](users/sealed.md) for what "
        "it is good for.\n\n");
    print_kinds();
    fmt::print(
        "\nA filter is inherited and can only be narrowed: main may do what any thread may, and "
        "control what a worker may.\nWithout a control socket there is no control, no worker and "
        "no "
        "opener, and no thread may what only they may. *Acting* is {}.\n\n"
        "## System calls\n\n| call | which | who | why |\n| --- | --- | --- | --- |\n",
        list(acting));
    for (const auto& row : tenon::vmm::rights::system_calls({}))
        fmt::print("| `{}` | {} | {} | {} |\n", row.name, what_of(row), words(row.who), row.reason);
    fmt::print(
        "\n## Requests of ioctl\n\n| request | number | who | why |\n| --- | --- | --- | --- |\n");
    for (const auto& row : tenon::vmm::rights::requests())
        fmt::print("| `{}` | `{:#x}` | {} | {} |\n", row.name, row.conditions.at(0).value,
                   words(row.who), row.reason);
}

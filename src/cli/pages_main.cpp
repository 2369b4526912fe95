// Writes what is installed beside the program and made of its help: pages FOLDER DATE LIBTENON.H.
//
// Manual pages for man(7) and completions for three shells. It is run while the program is built.
#include <fmt/core.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "cli/help.hpp"
#include "cli/text/completion.hpp"
#include "cli/text/manual.hpp"
#include "library/words/backend_argument.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/memory_argument.hpp"
#include "library/words/port_argument.hpp"

namespace {

using namespace tenon::cli;

struct Command {
    std::string_view name;
    std::string (*help)();
    std::string_view see_also;
};

constexpr std::array commands{
    Command{"plan", plan_help,
            "tenon(1), tenon-run(1), tenon-diff(1), tenon-list(1), tenon.toml(5)"},
    Command{"run", run_help, "tenon(1), tenon-plan(1), tenon-ctl(1), tenon.toml(5)"},
    Command{"ctl", ctl_help, "tenon(1), tenon-run(1)"},
    Command{"list", list_help, "tenon(1), tenon-plan(1), lspci(8)"},
    Command{"capture", capture_help, "tenon(1), tenon-plan(1), tenon-diff(1)"},
    Command{"diff", diff_help, "tenon(1), tenon-plan(1), tenon-capture(1)"},
    Command{"check", check_help, "tenon(1), tenon-plan(1)"}};

bool write(const std::string& folder, const std::string& name, const std::string& text) {
    std::ofstream file{folder + '/' + name, std::ios::binary};
    file << text;
    file.close();
    if (!file) fmt::print(stderr, "{}/{}: cannot be written\n", folder, name);
    return !file.fail();
}

// What the program's own help says of a command.
std::string what_of(const text::HelpPage& program, std::string_view name) {
    for (const auto& block : program.blocks)
        for (const auto& item : block.items)
            if (item.head == name) return item.what;
    return {};
}

std::vector<text::ManualKeys> tables_of_file() {
    using namespace tenon::library::words;
    return {{.title = "DEVICES",
             .words = "A table [[device]] has host, the DEVICE, and",
             .keys = device_keys()},
            {.title = "PORTS", .words = "A table [[port]] has name, and", .keys = port_keys()},
            {.title = "PROCESSES",
             .words = "A table [[vhost-user]] has socket, and",
             .keys = backend_keys()},
            {.title = "MEMORY",
             .words = "Behind its size memory has, between commas,",
             .keys = memory_keys()}};
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) return 2;
    const std::string folder{words[1]};
    const std::string_view date{words[2]};
    std::ifstream header{words[3]};
    const std::string declarations{std::istreambuf_iterator<char>{header}, {}};
    const auto program = text::read_help(program_help());
    std::vector<text::CompletedCommand> completed;
    std::vector<std::string> whats;
    whats.reserve(commands.size());  // Views into them are kept.
    bool good = !declarations.empty();
    for (const auto& command : commands) {
        whats.push_back(what_of(program, command.name));
        completed.push_back(
            {.name = command.name, .what = whats.back(), .page = text::read_help(command.help())});
        const auto name = fmt::format("tenon-{}", command.name);
        good = write(folder, name + ".1",
                     text::manual_of_help({.name = name,
                                           .what = whats.back(),
                                           .date = date,
                                           .see_also = command.see_also},
                                          completed.back().page)) &&
               good;
    }
    good =
        write(folder, "tenon.1",
              text::manual_of_help(
                  {.name = "tenon",
                   .what = "assign PCI devices to guests under KVM, and say what they will see",
                   .date = date,
                   .see_also =
                       "tenon-plan(1), tenon-run(1), tenon-list(1), tenon-check(1), "
                       "tenon-capture(1), tenon-diff(1), tenon-ctl(1), tenon.toml(5), libtenon(3)"},
                  program)) &&
        good;
    good = write(folder, "tenon.toml.5",
                 text::manual_of_file({.name = "tenon.toml",
                                       .section = "5",
                                       .what = "a guest's machine in a file",
                                       .date = date,
                                       .see_also = "tenon-run(1), tenon-plan(1)"},
                                      text::read_help(run_help()), tables_of_file())) &&
           good;
    good = write(folder, "libtenon.3",
                 text::manual_of_header(
                     {.name = "libtenon",
                      .section = "3",
                      .what = "plans, lists, checks and configuration spaces for programs",
                      .date = date,
                      .see_also = "tenon(1), tenon-plan(1)"},
                     declarations)) &&
           good;
    good = write(folder, "tenon.bash", text::bash_completion(completed)) && good;
    good = write(folder, "_tenon", text::zsh_completion(completed)) && good;
    good = write(folder, "tenon.fish", text::fish_completion(completed)) && good;
    return good ? 0 : 1;
}

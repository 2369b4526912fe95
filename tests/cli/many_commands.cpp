// The program for tests that need it thousands of times: one process carries out many command
// lines. Under the sanitizers a process takes a third of a second to start, and a plan a few
// milliseconds.
//
// Each line of standard input is a JSON list of words, without the program's own name; each line of
// standard output is what came of it: {"status": …, "out": …, "err": …}. See program.py.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/app.hpp"

int main() {
    using namespace tenon;
    const auto host = library::this_host();
    for (std::string line; std::getline(std::cin, line);) {
        const auto words = nlohmann::json::parse(line).get<std::vector<std::string>>();
        std::vector<const char*> arguments{"tenon"};
        for (const auto& word : words)
            arguments.push_back(word.c_str());
        // Wide enough for every line, and without colours: what a pipe gets.
        const auto outcome =
            cli::run(static_cast<int>(arguments.size()), arguments.data(), host, {}, {});
        const nlohmann::json told{
            {"status", outcome.status}, {"out", outcome.out}, {"err", outcome.err}};
        std::cout << told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                  << std::endl;
    }
}

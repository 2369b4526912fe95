// The program `tenon`. Everything is in app.hpp; here the process ends.
#include <unistd.h>

#include <csignal>

#include "cli/app.hpp"

int main(int count, char** arguments) {
    using namespace tenon;
    // A reader that ends early, as `head` does, is told from a failure where the output is written.
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(bugprone-signal-handler): no handler is installed
    const auto outcome =
        cli::run(count, arguments, library::this_host(), vmm::run_plan, cli::style_of_output());
    const auto printed = cli::write_all(STDOUT_FILENO, outcome.out);
    auto message = outcome.err;
    if (!printed) message += "tenon: " + to_string(printed.error()) + "\n";
    const auto told = cli::write_all(STDERR_FILENO, message);
    return printed && told ? outcome.status : cli::status::wrong;
}

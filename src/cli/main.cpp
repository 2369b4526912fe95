// The program `tenon`. Everything is in app.hpp; here the process ends.
#include <unistd.h>

#include <csignal>

#include "base/output.hpp"
#include "base/standard_files.hpp"
#include "cli/app.hpp"

int main(int count, char** arguments) {
    using namespace tenon;
    // Before any other file is opened: it would get such a number.
    if (!fill_standard_files()) return cli::status::wrong;
    // A reader that ends early, as `head` does, is told from a failure where the output is written.
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(bugprone-signal-handler): no handler is installed
    const auto outcome = cli::run(count, arguments, library::this_host(), vmm::run_plan,
                                  cli::text::style_of_output());
    const auto printed = write_all(STDOUT_FILENO, outcome.out);
    auto message = outcome.err;
    if (!printed) message += cli::ended_with(cli::status::wrong, printed.error()).err;
    const auto told = write_all(STDERR_FILENO, message);
    return printed && told ? outcome.status : cli::status::wrong;
}

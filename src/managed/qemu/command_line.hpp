// A command line of QEMU as a configuration.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "managed/qemu/shell_words.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::qemu {

/// Gives the text of a file that the command line names (-readconfig).
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

/// Reads the words of a command. What QEMU would refuse is a mistake of the configuration; what is
/// not known here is named in `unknown`.
/// Errors: Malformed for words that are no command of QEMU: not one option among them.
Result<said::Configuration> read_command_line(const std::vector<Word>& words,
                                              const ReadFile& read_file);

/// Reads words behind a program into `configuration`, as if they stood at the end of its command.
void read_options(const std::vector<Word>& words, const ReadFile& read_file,
                  said::Configuration& configuration);

}  // namespace tenon::managed::qemu

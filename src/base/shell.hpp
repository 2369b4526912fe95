// Words of commands that are printed to be pasted into a shell.
#pragma once

#include <string>
#include <string_view>

namespace tenon {

/// `word` as a shell takes it for one word. Whatever came from outside and is printed as part of a
/// command goes through here.
std::string shell_word(std::string_view word);

}  // namespace tenon

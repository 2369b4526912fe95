#include "library/api/c_words.hpp"

namespace tenon::library::c {

Result<std::vector<std::string>> copy_words(const char* const* words, std::size_t count) {
    std::vector<std::string> copies;
    if (count != 0 && words == nullptr) return malformed("{} words, and no place of them", count);
    for (std::size_t n = 0; n < count; ++n) {
        // SAFETY: the caller said that there are `count` of them, each null or with its zero byte.
        if (words[n] == nullptr) return malformed("word {} is a null pointer", n);
        copies.emplace_back(words[n]);
    }
    return copies;
}

}  // namespace tenon::library::c

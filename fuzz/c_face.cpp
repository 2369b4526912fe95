// Fuzzes libtenon as a program in C meets it: words, a file, and a guest's accesses.
//
// The first byte says which function is asked, the second how many accesses follow, of 8 bytes
// each: what is done, its size, offset (2) and value (4). Behind them stand words, one a line, up
// to an empty line, and then the file. A word that is no option follows the name of the file, and
// options that name others' files are left out.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "fuzz/memory_file.hpp"
#include "tenon/libtenon.h"

namespace tenon::fuzz {
namespace {

constexpr std::size_t most_accesses = 64;
constexpr std::size_t access_size = 8;
constexpr std::size_t most_words = 16;

void require(bool holds) {
    if (!holds) std::abort();
}

void expect_error(const void* made, tenon_error* error) {
    require((made == nullptr) == (error != nullptr));
    if (error == nullptr) return;
    require(tenon_error_code(error) >= TENON_NOT_FOUND &&
            tenon_error_code(error) <= TENON_NO_MEMORY);
    require(std::strlen(tenon_error_text(error)) > 0);
    tenon_error_free(error);
}

void expect_effects(int code, const tenon_effects& effects) {
    require(code == TENON_OK && (effects.count == 0 || effects.list != nullptr));
    for (const auto& one : std::span{effects.list, effects.count}) {
        require(one.kind >= TENON_REMOVE_BAR && one.kind <= TENON_ATOMICS && one.bar <= 6);
        const bool written = one.kind == TENON_WRITE_DEVICE || one.kind == TENON_UPDATE_DEVICE;
        require(written == (one.size != 0));
        require(!written ||
                (one.offset % one.size == 0 && one.offset + one.size <= TENON_SPACE_SIZE));
    }
}

void access(tenon_space* space, std::span<const std::uint8_t> what) {
    const auto size = what[1];
    const auto offset = static_cast<std::uint16_t>(what[2] | what[3] << 8);
    const auto value =
        static_cast<std::uint32_t>(what[4]) | static_cast<std::uint32_t>(what[5]) << 8 |
        static_cast<std::uint32_t>(what[6]) << 16 | static_cast<std::uint32_t>(what[7]) << 24;
    tenon_effects effects{};
    std::array<tenon_piece, 2> pieces{};
    switch (what[0] % 4) {
        case 0:
            require(tenon_space_pieces(space, offset, size, pieces.data()) <= pieces.size());
            tenon_space_read(space, offset, size, value);
            return;
        case 1:
            return expect_effects(tenon_space_prepare(space, &effects), effects);
        case 2:
            return expect_effects(tenon_space_reset(space, &effects), effects);
        default:
            return expect_effects(tenon_space_write(space, offset, size, value, &effects), effects);
    }
}

void plan(const std::vector<const char*>& words, std::span<const std::uint8_t> accesses) {
    tenon_error* error = nullptr;
    auto* const made = tenon_plan_make(words.data(), words.size(), &error);
    expect_error(made, error);
    if (made == nullptr) return;
    auto* const json = tenon_plan_json(made, &error);
    expect_error(json, error);
    tenon_text_free(json);
    auto* const space = tenon_plan_function_space(made, "dev0", &error);
    expect_error(space, error);
    tenon_plan_free(made);
    for (; space != nullptr && !accesses.empty(); accesses = accesses.subspan(access_size))
        access(space, accesses.first(access_size));
    tenon_space_free(space);
}

void answer(char* (*function)(const char* const*, std::size_t, tenon_error**),
            const std::vector<const char*>& words) {
    tenon_error* error = nullptr;
    auto* const text = function(words.data(), words.size(), &error);
    expect_error(text, error);
    tenon_text_free(text);
}

// The words that the input has, with the name of the file where it belongs.
std::vector<std::string> words_of(std::string_view text, const std::string& file) {
    std::vector<std::string> words;
    for (const auto line : split(text, '\n')) {
        if (words.size() == most_words || line.contains('\0')) break;
        constexpr std::array<std::string_view, 7> naming{"--device", "--host",    "--pid", "--disk",
                                                         "--share",  "--iommufd", "--kvm"};
        const bool others = line == "--" || line == "-" ||
                            std::ranges::any_of(naming, [&](std::string_view option) {
                                return line.starts_with(option);
                            });
        if (others) continue;
        words.push_back(line.starts_with("--") ? std::string{line} : file + std::string{line});
    }
    return words;
}

void run(std::span<const std::uint8_t> input) {
    if (input.size() < 2) return;
    const std::size_t count =
        std::min({std::size_t{input[1]}, most_accesses, (input.size() - 2) / access_size});
    const auto accesses = input.subspan(2, count * access_size);
    const auto rest = input.subspan(2 + accesses.size());
    const std::string text{rest.begin(), rest.end()};
    const auto end = std::min(text.find("\n\n"), text.size());
    const auto content = rest.subspan(std::min(end + 2, rest.size()));
    const auto words =
        words_of(std::string_view{text}.substr(0, end), memory_file(std::as_bytes(content)));
    std::vector<const char*> pointers;
    for (const auto& word : words)
        pointers.push_back(word.c_str());
    switch (input[0] % 4) {
        case 0:
            return plan(pointers, accesses);
        case 1:
            return answer(tenon_capture, pointers);
        case 2:
            return answer(tenon_list, pointers);
        default:
            return answer(tenon_check, pointers);
    }
}

}  // namespace
}  // namespace tenon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tenon::fuzz::run({data, size});
    return 0;
}

// Capture, list and check for C: answers that are texts.
#include <sys/types.h>

#include <limits>

#include "base/text.hpp"
#include "library/api/c_guard.hpp"
#include "library/api/c_words.hpp"
#include "library/checked.hpp"
#include "library/function_list.hpp"
#include "library/gather.hpp"
#include "library/list_json.hpp"
#include "tenon/capture.hpp"

namespace tenon::library::c {
namespace {

struct CaptureWords {
    std::vector<std::string> devices;
    tenon::Opening opening = tenon::Opening::Allowed;
    SerialNumbers serial_numbers = SerialNumbers::Keep;
};

constexpr std::array<WordOption<CaptureWords>, 2> capture_options{{
    {.name = "--no-open",
     .valued = false,
     .take = [](CaptureWords& words, std::string_view) -> Result<void> {
         words.opening = tenon::Opening::Forbidden;
         return {};
     }},
    {.name = "--anonymize",
     .valued = false,
     .take = [](CaptureWords& words, std::string_view) -> Result<void> {
         words.serial_numbers = SerialNumbers::Blank;
         return {};
     }},
}};

Result<void> take_captured(CaptureWords& words, std::string_view device) {
    words.devices.emplace_back(device);
    return {};
}

struct ListWords {
    std::string file;
    Names names = Names::Told;
};

constexpr std::array<WordOption<ListWords>, 1> list_options{{
    {.name = "--anonymize",
     .valued = false,
     .take = [](ListWords& words, std::string_view) -> Result<void> {
         words.names = Names::Taken;
         return {};
     }},
}};

Result<void> take_listed(ListWords& words, std::string_view file) {
    if (!words.file.empty()) return malformed("\"{}\" is one word too many", file);
    words.file = file;
    return {};
}

constexpr std::array<WordOption<CheckRequest>, 3> check_options{{
    {.name = "--pid",
     .take = [](CheckRequest& request, std::string_view value) -> Result<void> {
         const auto number = parse_number(value);
         if (!number || *number > std::numeric_limits<pid_t>::max())
             return malformed("--pid {}: this is no number of a process", value);
         request.process = static_cast<unsigned>(*number);
         return {};
     }},
    {.name = "--host",
     .take = [](CheckRequest& request, std::string_view value) -> Result<void> {
         request.host = value;
         return {};
     }},
    {.name = "--target",
     .take = [](CheckRequest& request, std::string_view value) -> Result<void> {
         TENON_TRY(version, target_of_check(value), "");
         request.target = std::move(version);
         return {};
     }},
}};

Result<void> take_checked(CheckRequest& request, std::string_view file) {
    if (!request.file.empty()) return malformed("\"{}\" is one word too many", file);
    request.file = file;
    return {};
}

Result<CheckRequest> check_request(std::span<const std::string> words) {
    CheckRequest request;
    const auto end = std::ranges::find(words, "--");
    TENON_TRY_DO(
        take_words<CheckRequest>({words.begin(), end}, check_options, request, take_checked), "");
    if (end != words.end()) request.words.assign(end + 1, words.end());
    const int given =
        int{!request.file.empty()} + int{request.process.has_value()} + int{!request.words.empty()};
    if (given != 1) return malformed("give one of FILE, --pid and -- with a command behind it");
    return request;
}

}  // namespace
}  // namespace tenon::library::c

extern "C" {

using namespace tenon;
using namespace tenon::library::c;

char* tenon_capture(const char* const* words, size_t count, tenon_error** error) {
    return guarded(error, [&]() -> Result<char*> {
        TENON_TRY(copies, copy_words(words, count), "");
        CaptureWords taken;
        TENON_TRY_DO(
            take_words(std::span<const std::string>{copies}, capture_options, taken, take_captured),
            "");
        if (taken.devices.empty()) return malformed("no device to capture");
        TENON_TRY(text, capture_text(taken.devices, taken.opening, taken.serial_numbers), "");
        return copy_text(text);
    });
}

char* tenon_list(const char* const* words, size_t count, tenon_error** error) {
    return guarded(error, [&]() -> Result<char*> {
        TENON_TRY(copies, copy_words(words, count), "");
        ListWords taken;
        TENON_TRY_DO(
            take_words(std::span<const std::string>{copies}, list_options, taken, take_listed), "");
        const auto host = library::this_host();
        TENON_TRY(list,
                  taken.file.empty()
                      ? library::list_functions(host, taken.names)
                      : library::list_functions_of_file(host, taken.file, taken.names),
                  "");
        return copy_text(library::list_to_json(list));
    });
}

char* tenon_check(const char* const* words, size_t count, tenon_error** error) {
    return guarded(error, [&]() -> Result<char*> {
        TENON_TRY(copies, copy_words(words, count), "");
        TENON_TRY(request, check_request(copies), "");
        TENON_TRY(checked, library::check(library::this_host(), request), "");
        return copy_text(library::check_to_json(*checked));
    });
}

}  // extern "C"

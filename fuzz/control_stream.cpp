// Fuzzes what a client of the control socket may send, in pieces as a socket gives them: a byte
// says how many bytes come next, eight of them at a time.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "vmm/control/qmp_session.hpp"

namespace {

using namespace tenon;
using Json = nlohmann::json;

const std::vector<vmm::control::QmpCommand> commands{
    {.name = "echo",
     .arguments = {"text"},
     .run = [](const Json& given, vmm::control::QmpFiles&) -> Result<Json> { return given; }},
    {.name = "getfd",
     .arguments = {"fdname"},
     .run = [](const Json& given, vmm::control::QmpFiles& files) -> Result<Json> {
         const auto name = given.find("fdname");
         if (name == given.end() || !name->is_string()) return malformed("no name");
         TENON_TRY_DO(files.name(name->get<std::string>()), "");
         return Json::object();
     }},
    {.name = "work",
     .arguments = {},
     .any_argument = true,
     .begin = [](const Json& given, vmm::control::QmpFiles&) -> Result<vmm::control::QmpWork> {
         return vmm::control::QmpWork{[given]() -> Result<Json> { return given; }};
     }}};

const vmm::control::QmpVersion version{.major = 1, .package = "fuzz"};

// Each answer is one object on one line.
void check(const std::string& out) {
    if (out.empty()) return;
    if (!out.ends_with("\r\n")) std::abort();
    if (!Json::accept(out)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmm::control::QmpSession session{commands, version};
    check(session.greeting());
    const std::string sent(data, data + size);
    std::string_view left = sent;
    while (!left.empty() && !session.broken()) {
        const auto piece = std::size_t{static_cast<unsigned char>(left.front())} * 8;
        left.remove_prefix(1);
        if (!session.feed(left.substr(0, piece))) break;
        left.remove_prefix(std::min(piece, left.size()));
        while (session.waits()) {
            auto step = session.next();
            check(step.out);
            if (step.work) check(session.finish(step.work()));
        }
    }
    check(session.event({.name = "STOP", .data = nullptr, .microseconds = 1, .series = ""}));
    return 0;
}

#include "host/vfio/info_chain.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "host/vfio/vfio_abi.hpp"

namespace tenon::host::vfio {
namespace {

constexpr std::size_t largest_answer = std::size_t{1} << 20;
// A chain can grow between two questions, but not for ever.
constexpr int most_questions = 4;
// Far above the handful that any answer has.
constexpr std::size_t most_capabilities = 256;

}  // namespace

Result<std::vector<std::byte>> ask_growing(Kernel& kernel, int file, unsigned long request,
                                           std::span<const std::byte> question,
                                           std::string_view what) {
    std::size_t room = question.size();
    for (int n = 0; n < most_questions; ++n) {
        std::vector<std::byte> answer(room);
        std::ranges::copy(question, answer.begin());
        store<std::uint32_t>(answer, 0, static_cast<std::uint32_t>(room));
        const auto asked = kernel.ioctl(file, request, answer);
        if (!asked) return fail_system(asked.error(), what);
        const std::size_t wanted = load<std::uint32_t>(answer, 0);
        if (wanted <= room) return answer;
        if (wanted > largest_answer)
            return malformed("{}: the kernel wants {} bytes for its answer", what, wanted);
        room = wanted;
    }
    return malformed("{}: the kernel's answer does not stop growing", what);
}

Result<std::vector<InfoCapability>> list_info_capabilities(std::span<const std::byte> answer,
                                                           std::uint32_t first, std::size_t fixed) {
    std::vector<InfoCapability> found;
    std::vector<std::uint32_t> visited;
    for (std::uint32_t at = first; at != 0;) {
        if (at < fixed || answer.size() < sizeof(::vfio_info_cap_header) ||
            at > answer.size() - sizeof(::vfio_info_cap_header))
            return malformed("capability at byte {} of an answer of {}", at, answer.size());
        if (std::ranges::find(visited, at) != visited.end())
            return malformed("the capabilities of the answer return to byte {}", at);
        if (visited.size() == most_capabilities)
            return malformed("the answer has more than {} capabilities", most_capabilities);
        visited.push_back(at);
        found.push_back({.id = load<std::uint16_t>(answer, at),
                         .version = load<std::uint16_t>(answer, at + 2),
                         .bytes = answer.subspan(at)});
        at = load<std::uint32_t>(answer, at + 4);
    }
    return found;
}

}  // namespace tenon::host::vfio

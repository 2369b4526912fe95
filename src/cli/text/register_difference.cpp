#include "cli/text/register_difference.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bitset>
#include <map>
#include <tuple>

#include "cli/text/library.hpp"
#include "pci/header.hpp"

namespace tenon::cli::text {
namespace {

std::string title(const ComparableCapability& capability) {
    return fmt::format("{} ({})", capability.name, hex(capability.id, capability.extended ? 4 : 2));
}

class RegisterComparer {
public:
    RegisterComparer(const Comparable& a, const Comparable& b, Comparison& found)
        : a_{a}, b_{b}, found_{found}, known_{std::min(a.config->known(), b.config->known())} {}

    void run() {
        header();
        // The nth one with an id on each side is the same.
        std::map<std::tuple<bool, std::uint16_t, unsigned>, const ComparableCapability*> others;
        number(b_, [&](const auto& key, const auto& capability) { others[key] = &capability; });
        number(a_, [&](const auto& key, const auto& capability) {
            own(owned_a_, capability);
            if (const auto other = others.find(key); other != others.end())
                registers(capability, *other->second);
        });
        for (const auto& capability : b_.capabilities)
            own(owned_b_, capability);
        if (known_ <= pci::header_size) return;
        for (std::size_t at = pci::header_size; at + 4 <= known_; at += 4)
            if (!is_owned(at)) bytes(fmt::format("outside of capabilities [{:#x}]", at), at, at, 4);
    }

private:
    template <typename Take>
    static void number(const Comparable& side, Take take) {
        std::map<std::pair<bool, std::uint16_t>, unsigned> seen;
        for (const auto& one : side.capabilities) {
            const auto again = seen[{one.extended, one.id}]++;
            take(std::tuple{one.extended, one.id, again}, one);
        }
    }

    static void own(std::bitset<pci::express_size>& owned, const ComparableCapability& capability) {
        const auto end = std::min<std::size_t>(capability.at + capability.size, owned.size());
        for (std::size_t byte = capability.at; byte < end; ++byte)
            owned.set(byte);
    }

    bool is_owned(std::size_t at) const {
        for (auto byte = at; byte < at + 4; ++byte)
            if (owned_a_[byte] || owned_b_[byte]) return true;
        return false;
    }

    // Ids and pointers of a list say no more than its order does.
    void registers(const ComparableCapability& a, const ComparableCapability& b) {
        const std::size_t begin = a.extended ? 4 : 2;
        const auto end = std::min<std::size_t>(a.size, b.size);
        const std::size_t last = std::max(a.at, b.at);
        if (a.extended && last + 4 <= known_) {
            const auto version = [](const Comparable& side, std::size_t at) {
                return side.config->read32(at) >> 16 & 0xf;
            };
            differ(fmt::format("{}: version", title(a)), std::to_string(version(a_, a.at)),
                   std::to_string(version(b_, b.at)));
        }
        for (auto offset = begin; offset < end; offset += 4 - offset % 4) {
            const auto size = std::min(4 - offset % 4, end - offset);
            if (last + offset + size <= known_)
                bytes(fmt::format("{}+{:#04x}", title(a), offset), a.at + offset, b.at + offset,
                      size);
        }
    }

    // Ids, class and BARs are fields of the plan; the capability pointer is the list's.
    void header() {
        bytes("Command [0x04]", 0x04, 0x04, 2);
        bytes("Status [0x06]", 0x06, 0x06, 2);
        bytes("Cache Line Size and Latency Timer [0x0c]", 0x0c, 0x0c, 2);
        bytes("Header Type [0x0e]", 0x0e, 0x0e, 1);
        bytes("BIST [0x0f]", 0x0f, 0x0f, 1);
        bytes("CardBus CIS [0x28]", 0x28, 0x28, 4);
        bytes("Subsystem ids [0x2c]", 0x2c, 0x2c, 4);
        bytes("reserved [0x35]", 0x35, 0x35, 3);
        bytes("reserved [0x38]", 0x38, 0x38, 4);
        bytes("Interrupt Line and Pin [0x3c]", 0x3c, 0x3c, 4);
    }

    void bytes(std::string where, std::size_t at_a, std::size_t at_b, std::size_t size) {
        std::string a{"0x"};
        std::string b{"0x"};
        // Most significant byte first, as a register is written.
        for (auto n = size; n-- > 0;) {
            a += fmt::format("{:02x}", a_.config->read8(at_a + n));
            b += fmt::format("{:02x}", b_.config->read8(at_b + n));
        }
        differ(std::move(where), std::move(a), std::move(b));
    }

    void differ(std::string where, std::string a, std::string b) {
        if (a != b) found_.differences.push_back({std::move(where), std::move(a), std::move(b)});
    }

    const Comparable& a_;
    const Comparable& b_;
    Comparison& found_;
    std::size_t known_;
    std::bitset<pci::express_size> owned_a_;
    std::bitset<pci::express_size> owned_b_;
};

}  // namespace

void compare_registers(const Comparable& a, const Comparable& b, Comparison& found) {
    for (const auto* const side : {&a, &b}) {
        if (side->config) continue;
        found.not_compared.push_back(fmt::format(
            "configuration bytes: {} has none; tenon plan -v --json writes them", side->name));
        return;
    }
    if (a.config->known() > 0 && b.config->known() > 0) RegisterComparer{a, b, found}.run();
}

}  // namespace tenon::cli::text

#include "library/words/memory_argument.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "library/words/keys.hpp"

namespace tenon::library::words {
namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t gib = 1 << 30;

Result<std::uint64_t> parse_page(std::string_view text) {
    const auto size = parse_size(text);
    if (size && (*size == 2 * mib || *size == gib)) return *size;
    return malformed("hugepages={}: known are 2M and 1G", text);
}

Result<model::machine::NodeRequest> parse_node(std::string_view text) {
    using Choice = model::machine::NodeRequest::Choice;
    if (text == "auto") return model::machine::NodeRequest{};
    if (text == "none") return model::machine::NodeRequest{.choice = Choice::None};
    constexpr std::uint64_t most_nodes = 1024;
    const auto number = parse_number(text);
    if (!number || *number >= most_nodes)
        return malformed("node={}: a number of a NUMA node, auto, or none", text);
    return model::machine::NodeRequest{.choice = Choice::Number,
                                       .number = static_cast<unsigned>(*number)};
}

using Memory = model::machine::MemoryRequest;

constexpr auto memory_table = std::to_array<Key<Memory>>({
    {.words = {"hugepages", "2M|1G", "from huge pages of this size that the host has set aside"},
     .take = [](Memory& memory, std::string_view,
                std::string_view value) { return store(memory.page, parse_page(value)); }},
    {.words = {"node", "auto|none|N",
               "from the NUMA node that its devices are on (auto), from any, from node N"},
     .take = [](Memory& memory, std::string_view,
                std::string_view value) { return store(memory.node, parse_node(value)); }},
});

}  // namespace

std::vector<KeyWords> memory_keys() { return words_of(memory_table); }

Result<model::machine::MemoryRequest> parse_memory_argument(std::string_view text) {
    const auto comma = std::min(text.find(','), text.size());
    TENON_TRY(size, parse_size(text.substr(0, comma)), "");
    model::machine::MemoryRequest memory{.size = size};
    if (comma < text.size()) {
        const auto of = text.substr(0, comma);
        TENON_TRY(keys, parse_keys(text.substr(comma + 1), of, memory_keys()), "");
        for (const auto& pair : keys)
            TENON_TRY_DO(take_key(memory_table, memory, of, pair), "");
    }
    const auto unit = std::max(memory.page, 2 * mib);
    if (size == 0 || size % unit != 0)
        return malformed("{}: guest memory is a multiple of {}", text.substr(0, comma),
                         format_size(unit));
    return memory;
}

// As many ids as KVM takes. Source: Linux 7.3, arch/x86/include/asm/kvm_host.h, KVM_MAX_VCPU_IDS.
Result<model::machine::Processors> parse_cpus_argument(std::string_view text) {
    constexpr std::uint64_t most = 255;
    constexpr std::uint64_t last_id = 4095;
    constexpr std::string_view key = "x-apic-step=";
    const auto comma = std::min(text.find(','), text.size());
    const auto number = parse_number(text.substr(0, comma));
    if (!number || *number < 1 || *number > most)
        return malformed("\"{}\": a guest has 1 to {} processors", text, most);
    model::machine::Processors processors{.count = static_cast<unsigned>(*number)};
    if (comma == text.size()) return processors;
    const auto rest = text.substr(comma + 1);
    const auto step = rest.starts_with(key) ? parse_number(rest.substr(key.size())) : std::nullopt;
    if (!step || *step < 1 || *step > last_id || (*number - 1) * *step > last_id)
        return malformed("\"{}\": known is x-apic-step=STEP, with APIC ids up to {}", text,
                         last_id);
    processors.apic_step = static_cast<unsigned>(*step);
    return processors;
}

}  // namespace tenon::library::words

#include "capture/listing/told.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "capture/listing/group_words.hpp"
#include "capture/listing/limits.hpp"
#include "capture/listing/symptom_words.hpp"
#include "device/atomic_widths.hpp"

namespace tenon::capture::listing {
namespace {

std::string bar_words(const text::DecodedBar& bar) {
    auto words = bar.index        ? fmt::format("BAR {}", *bar.index)
                 : bar.flags == 0 ? std::string{"an option ROM"}
                                  : std::string{"a BAR"};
    if (bar.size != 0) words += fmt::format(" of {}", format_size(bar.size));
    if ((bar.flags & device::resource_io) != 0) words += " of ports";
    if ((bar.flags & device::resource_64bit) != 0) words += ", 64 bit";
    if ((bar.flags & device::resource_prefetch) != 0) words += ", prefetchable";
    return words;
}

std::string place_words(std::string_view what, const SaidMsix::Place& place) {
    return fmt::format("{} in BAR {} at {:#x}", what, place.bar, place.offset);
}

void tell_interrupts(const Said& said, std::vector<std::string>& told) {
    if (said.msix) {
        auto words = fmt::format("MSI-X with {} vectors", said.msix->vectors);
        if (said.msix->table) words += ", " + place_words("table", *said.msix->table);
        if (said.msix->pending) words += ", " + place_words("pending bits", *said.msix->pending);
        told.push_back(std::move(words));
    }
    if (said.msi_vectors)
        told.push_back(fmt::format("MSI with {} vector{}", *said.msi_vectors,
                                   *said.msi_vectors == 1 ? "" : "s"));
}

void tell_bars(const Said& said, std::vector<std::string>& told) {
    std::vector<std::string> bars;
    for (const auto& bar : said.bars)
        bars.push_back(bar_words(bar));
    if (!bars.empty()) told.push_back(fmt::format("{}", fmt::join(bars, "; ")));
}

void tell_capabilities(const Said& said, std::vector<std::string>& told) {
    std::vector<std::string> names;
    for (const auto& one : said.capabilities)
        names.push_back(fmt::format("{} at {:#x}", one.name, one.at));
    if (!names.empty()) told.push_back(fmt::format("capabilities: {}", fmt::join(names, ", ")));
    if (said.denied) told.emplace_back("capabilities are not told: lspci was not run as root");
}

void add_flag(std::vector<std::string>& words, const std::optional<bool>& flag,
              std::string_view what) {
    if (flag) words.push_back(fmt::format("{} {}", *flag ? "has" : "has no", what));
}

void tell_express(const SaidExpress& express, std::vector<std::string>& told) {
    if (!express.type) return;
    std::vector<std::string> words{fmt::format("it is a PCI Express {}", name_of(*express.type))};
    if (!express.link.empty()) words.push_back("link " + express.link);
    if (!express.link_now.empty()) words.push_back("now " + express.link_now);
    if (express.tells_atomics)
        words.push_back(
            fmt::format("completes {} AtomicOps", device::words_of_widths(express.completers)));
    add_flag(words, express.function_level_reset, "Function Level Reset");
    add_flag(words, express.end_prefix, "end-to-end TLP prefixes");
    add_flag(words, express.requests_10_bit_tags, "10-bit tags of its own");
    if (!express.ats.empty()) words.push_back("ATS: " + express.ats);
    if (!express.pasid.empty()) words.push_back("PASID: " + express.pasid);
    told.push_back(fmt::format("{}", fmt::join(words, "; ")));
}

// Of a port above: what it does for those behind it.
std::string port_words(const Said& port) {
    auto words = fmt::format("behind {}", to_string(port.address));
    const auto& express = port.express;
    if (express.type) words += fmt::format(", a {}", name_of(*express.type));
    if (express.tells_atomics && express.completers != 0)
        words +=
            fmt::format(", completes {} AtomicOps", device::words_of_widths(express.completers));
    else if (express.tells_atomics)
        words += express.routes_atomics ? ", routes AtomicOps" : ", completes no AtomicOps";
    if (express.forwards_ari) words += *express.forwards_ari ? ", forwards ARI" : ", without ARI";
    if (!express.acs.empty())
        words += fmt::format(", ACS: {}", express.acs);
    else if (express.type && !port.capabilities.empty() && !express.has_acs)
        words += ", without ACS";
    return words;
}

// The nearest bridge, by the number of its bus or by a drawing.
const Said* port_above(const Said& said, const Listing& listing) {
    if (said.above) return listing.find(*said.above);
    for (const auto& [address, other] : listing.functions())
        if (other.buses && address.domain == said.address.domain &&
            other.buses->secondary == said.address.bus && other.buses->secondary != 0 &&
            address.bus != said.address.bus)
            return &other;
    return nullptr;
}

std::optional<std::uint32_t> class_of(const Said& said) {
    if (!said.class_code) return std::nullopt;
    return std::uint32_t{*said.class_code} << 8 | said.interface.value_or(0);
}

}  // namespace

std::vector<device::Use> uses_of(const Said& said) {
    std::vector<device::Use> uses;
    if (said.is_active)
        uses.push_back({.kind = device::UseKind::Address, .name = "(dpdk-devbind: Active)"});
    if (said.boot_display)
        uses.push_back({.kind = device::UseKind::Display, .name = "its firmware's"});
    return uses;
}

bool is_function(const Said& said) {
    return said.class_code.first() || said.ids.first() || said.driver.first() ||
           said.group.first() || !said.name.empty() || said.has_symptom;
}

Known<device::Identity> identity_of(const Said& said) {
    if (!said.ids || !said.class_code)
        return Unknown{said.ids.other() || said.class_code.other()
                           ? "the input says two different things of this address"
                           : "the input does not tell its ids and class"};
    const auto subsystem = said.subsystem.value_or({});
    return device::Identity{.vendor = said.ids->vendor,
                            .device = said.ids->device,
                            .subsystem_vendor = subsystem.vendor,
                            .subsystem_device = subsystem.device,
                            .class_code = class_of(said).value_or(0),
                            .revision = said.revision.value_or(0)};
}

std::optional<device::ExpressWords> express_words(const Said& said) {
    const auto& express = said.express;
    // Without -vv nobody says what Device Capabilities 2 has. What is on no link has no LnkCap.
    const bool verbose = express.second_registers || !express.link.empty();
    if (!express.type || !verbose) return std::nullopt;
    return device::ExpressWords{.type = *express.type,
                                .second_registers = express.second_registers,
                                .completers = express.completers,
                                .routes_atomics = express.routes_atomics,
                                .blocks_atomics = express.blocks_atomics};
}

device::Words words_of(const Said& said, const Listing& listing) {
    device::Words words{.name = said.name,
                        .class_code = class_of(said),
                        .is_bridge = said.is_bridge(),
                        .express = express_words(said),
                        .told = {},
                        .warnings = {},
                        .refusals = {}};
    auto& told = words.told;
    tell_group(said, listing, told);
    tell_bars(said, told);
    tell_interrupts(said, told);
    tell_express(said.express, told);
    std::size_t height = 0;
    for (const auto* port = port_above(said, listing); port != nullptr && height < deepest;
         port = port_above(*port, listing), ++height)
        told.push_back(port_words(*port));
    tell_capabilities(said, told);
    tell_companions(said, listing, told);
    tell_symptoms(said, listing, words);
    return words;
}

}  // namespace tenon::capture::listing

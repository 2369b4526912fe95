#include "capture/told_functions.hpp"

#include <fmt/core.h>

#include <map>
#include <utility>

#include "capture/listing/told.hpp"
#include "capture/listing/topology.hpp"
#include "capture/untold.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::capture {
namespace {

using Image = std::shared_ptr<const pci::ConfigImage>;
using listing::Listing;
using listing::Said;

constexpr auto no_bytes = "the input has words of it, and no bytes";

bool is_bridge(const pci::ConfigImage& config) {
    const pci::HeaderType type{config.read8(pci::header::header_type)};
    return type.get<pci::HeaderLayout>() == pci::layout_bridge;
}

bool is_root_port(const pci::ConfigImage& config) {
    const auto express = pci::find_express(config);
    return express && express->type == pci::PortType::RootPort;
}

// Everything of one input that is about bridges and groups.
class Input {
public:
    Input(std::shared_ptr<const Listing> words, const std::vector<Entry>& entries)
        : words_{std::move(words)} {
        for (const auto& entry : entries)
            if (entry.bytes && entry.address) add_bytes(*entry.address, entry.bytes);
        for (const auto& [address, said] : words_->functions())
            add_words(address, said);
    }

    const Listing& words() const { return *words_; }

    // What both kinds of functions are told of their host.
    void fill_in(const pci::Address& address, const Said* said, device::DeviceFacts& facts) const {
        if (const auto way = topology_.way_up(address)) facts.path = path_of(*way);
        if (said == nullptr) return;
        if (said->driver)
            facts.driver = *said->driver;
        else if (said->driver.other())
            facts.driver = Unknown{fmt::format("the input says {} in one place and {} in another",
                                               words_of(*said->driver.first()),
                                               words_of(*said->driver.other()))};
        if (auto uses = listing::uses_of(*said); !uses.empty()) facts.uses = std::move(uses);
        if (said->numa_node) facts.numa_node = static_cast<int>(*said->numa_node);
        if (said->group) {
            facts.group = group_of(address, *said->group);
            facts.has_iommu = true;
        }
    }

private:
    static std::string words_of(const std::string& driver) {
        return driver.empty() ? "no driver" : driver;
    }

    void add_bytes(const pci::Address& address, const Image& bytes) {
        // Of an address with two contents nobody knows which one is above: its image is none, and
        // stays none whatever comes third.
        const auto [place, is_new] = images_.emplace(address, bytes);
        if (!is_new && place->second && *place->second != *bytes) place->second = nullptr;
        if (!is_bridge(*bytes)) return;
        topology_.add_bus(address, bytes->read8(pci::header::secondary_bus));
        if (is_root_port(*bytes)) topology_.add_top(address);
    }

    void add_words(const pci::Address& address, const Said& said) {
        if (said.buses) topology_.add_bus(address, said.buses->secondary);
        if (said.above) topology_.add_above(address, *said.above);
        if (said.on_root_bus || said.express.type == pci::PortType::RootPort)
            topology_.add_top(address);
        if (said.group) groups_[*said.group].push_back(&said);
    }

    std::vector<device::BridgeFacts> path_of(const std::vector<pci::Address>& way) const {
        std::vector<device::BridgeFacts> path;
        for (const auto& address : way) {
            auto& bridge = path.emplace_back();
            bridge.address = address;
            bridge.config = Unknown{no_bytes};
            bridge.driver = Unknown{"the input does not tell"};
            const auto image = images_.find(address);
            if (image != images_.end() && image->second) bridge.config = *image->second;
            const auto* const said = words_->find(address);
            if (said == nullptr) continue;
            if (said->driver) bridge.driver = *said->driver;
            bridge.words = listing::express_words(*said);
        }
        return path;
    }

    device::GroupFacts group_of(const pci::Address& address, unsigned number) const {
        device::GroupFacts group{.number = number, .members = {}};
        for (const auto* const member : groups_.at(number)) {
            if (member->address == address) continue;
            const auto image = images_.find(member->address);
            const bool bridge = member->is_bridge() || (image != images_.end() && image->second &&
                                                        is_bridge(*image->second));
            group.members.push_back({.address = member->address,
                                     .driver = member->driver.value_or(""),
                                     .is_bridge = bridge,
                                     .driver_known = bool{member->driver}});
        }
        return group;
    }

    std::shared_ptr<const Listing> words_;
    std::map<pci::Address, Image> images_;
    std::map<unsigned, std::vector<const Said*>> groups_;
    listing::Topology topology_;
};

// A function of which there are no bytes.
void fill_in_words(const Said& said, device::DeviceFacts& facts) {
    leave_untold(facts, Unknown{"the input does not tell"});
    facts.address = said.address;
    facts.physical = Unknown{no_bytes};
    facts.vfio = Unknown{no_bytes};
    facts.resources = Unknown{no_bytes};
    facts.identity = listing::identity_of(said);
}

// What is said of two devices at one address, of two machines or of before and after, is true of
// neither.
Result<void> is_of_one_device(const Said& said) {
    if (!said.ids.other()) return {};
    const auto& one = *said.ids.first();
    const auto& other = *said.ids.other();
    auto error = malformed(
        "two devices are at {} in this text, {:04x}:{:04x} (from line {}) and {:04x}:{:04x}",
        to_string(said.address), one.vendor, one.device, said.line, other.vendor, other.device);
    error.error().hint = "Keep the listings of two machines in two files";
    return error;
}

Entry entry_of(const std::shared_ptr<const Input>& input, const Said& said) {
    return {.slot = to_string(said.address),
            .address = said.address,
            .where = fmt::format("line {}", said.line),
            .member = {},
            .bytes = nullptr,
            .facts =
                [input, &said](device::DeviceFacts& facts) {
                    if (auto clear = is_of_one_device(said); !clear) return clear;
                    fill_in_words(said, facts);
                    input->fill_in(said.address, &said, facts);
                    facts.words = listing::words_of(said, input->words());
                    return Result<void>{};
                },
            .words_only = true};
}

// The words of the function that `bytes` are of; null where they are of another one at its address.
// A virtual function has no ids of its own.
const Said* words_of_bytes(const Input& input, const pci::Address& address,
                           const pci::ConfigImage& bytes) {
    const auto* const said = input.words().find(address);
    if (said == nullptr || !said->ids.first()) return said;
    const listing::Ids ids{.vendor = bytes.read16(pci::header::vendor_id),
                           .device = bytes.read16(pci::header::device_id)};
    const bool same = said->ids && (*said->ids == ids || ids.vendor == 0xffff);
    return same ? said : nullptr;
}

void complete(const std::shared_ptr<const Input>& input, Entry& entry) {
    const auto* const said = words_of_bytes(*input, *entry.address, *entry.bytes);
    entry.facts = [input, said, address = *entry.address,
                   own = std::move(entry.facts)](device::DeviceFacts& facts) {
        auto filled = own(facts);
        if (!filled) return filled;
        input->fill_in(address, said, facts);
        if (said != nullptr) facts.words = listing::words_of(*said, input->words());
        return filled;
    };
}

}  // namespace

void add_told(const std::shared_ptr<const Listing>& listing, std::vector<Entry>& entries) {
    const auto input = std::make_shared<const Input>(listing, entries);
    std::map<pci::Address, bool> there;
    for (auto& entry : entries) {
        if (!entry.address) continue;
        there[*entry.address] = true;
        if (entry.bytes) complete(input, entry);
    }
    for (const auto& [address, said] : listing->functions())
        if (!there.contains(address) && listing::is_function(said))
            entries.push_back(entry_of(input, said));
}

}  // namespace tenon::capture

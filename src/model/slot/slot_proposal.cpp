#include "model/slot/slot_proposal.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "model/function/assignability.hpp"
#include "model/function/atomics_host.hpp"
#include "model/slot/slot_member.hpp"
#include "pci/header.hpp"

namespace tenon::model::slot {
namespace {

constexpr std::uint32_t display = 0x03;

class Proposer {
public:
    Proposer(const pci::Address& slot, std::span<const SlotCandidate> candidates,
             const OtherPorts& ports)
        : slot_{slot}, candidates_{candidates}, ports_{ports} {
        proposal_.host = slot_text(slot);
    }

    SlotProposal run() {
        read_candidates();
        class_of_.resize(members_.size());
        std::iota(class_of_.begin(), class_of_.end(), std::size_t{0});
        find_companions();
        bind_groups();
        bind_reset();
        tie_unknown_groups();
        tie_companions();
        note_unknowns();
        place();
        find_sharing();
        write_arguments();
        return std::move(proposal_);
    }

private:
    void read_candidates() {
        for (std::size_t n = 0; n < candidates_.size(); ++n) {
            const auto& facts = *candidates_[n].facts;
            if (!facts.address) {
                leave_out(n,
                          {.what = "its place on its host is not known: " + facts.address.why()});
                continue;
            }
            const auto* const config = config_of(facts);
            if (config == nullptr) {
                const std::string_view what = facts.words
                                                  ? "what a guest would see of it is not known: "
                                                  : "its configuration space cannot be read: ";
                leave_out(n, {.what = std::string{what} + facts.physical.why()});
                continue;
            }
            const auto lists = function::walk_lists(facts);
            const auto class_code = config->read32(pci::header::revision_id) >> 8;
            auto reasons = function::reasons_by_kind(facts, *config, lists_of(facts, lists));
            if (auto reason = function::reason_by_class(class_code); reason && reasons.empty())
                reasons.push_back(*std::move(reason));
            if (reasons.empty())
                members_.push_back(make_slot_member(n, facts, *config, lists));
            else
                leave_out(n, reasons.front());
        }
        std::ranges::sort(members_, {}, &SlotMember::number);
    }

    void leave_out(std::size_t candidate, chosen::Reason reason) {
        const auto& facts = *candidates_[candidate].facts;
        proposal_.left_out.push_back(
            {.candidate = candidate,
             .host = facts.address ? to_string(*facts.address) : facts.source,
             .reason = std::move(reason)});
    }

    SlotMembers physical() const {
        SlotMembers found;
        for (const auto& member : members_)
            if (!member.virtual_function) found.push_back(&member);
        return found;
    }

    void find_companions() {
        if (members_.empty()) return;
        const auto& first = members_.front();
        if (first.number != 0 || first.class_code >> 16 != display || first.virtual_function)
            return;
        for (auto& member : members_)
            if (!member.virtual_function)
                member.companion = find_companion(member.vendor, member.class_code, member.number);
    }

    // Both are proposed for one slot, unless something speaks against it.
    void tie(const SlotMember& one, const SlotMember& other) {
        const auto from = class_of_[index_of(other)];
        std::ranges::replace(class_of_, from, class_of_[index_of(one)]);
    }

    std::size_t index_of(const SlotMember& member) const {
        return static_cast<std::size_t>(&member - members_.data());
    }

    void bind(const SlotMembers& set, std::string why) {
        if (set.size() < 2) return;
        proposal_.bound.push_back({.hosts = hosts_of(set), .why = std::move(why)});
        for (const auto* const member : set)
            if (!member->virtual_function && !set.front()->virtual_function)
                tie(*set.front(), *member);
    }

    void bind_groups() {
        std::map<unsigned, SlotMembers> groups;
        for (const auto& member : members_)
            if (member.facts->group) groups[member.facts->group->number].push_back(&member);
        for (const auto& [number, set] : groups)
            bind(set, fmt::format("they are of IOMMU group {}, which is assigned as a whole or not "
                                  "at all",
                                  number));
    }

    // Without a reset of its own a function is reset by the bus above it, all of its slot with it.
    void bind_reset() {
        const auto set = physical();
        SlotMembers without;
        for (const auto* const member : set) {
            if (!member->own_reset || *member->own_reset) continue;
            if (member->facts->path && member->facts->path->empty()) continue;
            without.push_back(member);
        }
        if (without.empty()) return;
        const bool lost = std::ranges::any_of(set, [](const SlotMember* member) {
            return member->trouble != nullptr &&
                   member->trouble->reset == function::TroubledReset::Bus;
        });
        if (lost) return;
        bind(set,
             fmt::format("no reset of its own has {}: only the bus above can be reset, and every "
                         "function of the slot with it; in another guest it never is",
                         names_of(without)));
    }

    void tie_unknown_groups() {
        const auto all = physical();
        for (const auto* const member : all)
            if (!member->facts->group)
                for (const auto* const other : all)
                    tie(*other, *member);
    }

    void tie_companions() {
        for (const auto& member : members_)
            if (member.companion != nullptr) tie(members_.front(), member);
    }

    using Why = std::optional<std::string>;

    // One sentence for all functions of which the same is not known for the same reason.
    void note_unknown(std::string_view what, const std::function<Why(const SlotMember&)>& fact,
                      std::string_view consequence) {
        std::map<std::string, SlotMembers> reasons;
        for (const auto& member : members_)
            if (const auto why = fact(member)) reasons[*why].push_back(&member);
        for (const auto& [why, members] : reasons)
            proposal_.unknowns.push_back(
                fmt::format("{} of {}: {}{}", what, names_of(members), why, consequence));
    }

    void note_unknowns() {
        note_unknown(
            "the IOMMU group",
            [](const SlotMember& member) -> Why {
                if (member.facts->group) return std::nullopt;
                return member.facts->group.why();
            },
            members_.size() > 1 ? "; that alone does not part them" : "");
        note_unknown(
            "the reset",
            [](const SlotMember& member) -> Why {
                if (member.own_reset) return std::nullopt;
                return member.own_reset.why();
            },
            "");
        note_unknown(
            "AtomicOps",
            [](const SlotMember& member) -> Why {
                if (member.atomics.widths) return std::nullopt;
                return member.atomics.why;
            },
            "; they count as none");
        note_unknown(
            "ACS",
            [](const SlotMember& member) -> Why {
                if (member.access_control) return std::nullopt;
                return member.access_control.why();
            },
            "");
    }

    // Each class in a slot; who would harm it, or be harmed, in one of its own.
    void place() {
        std::vector<bool> placed(members_.size(), false);
        for (std::size_t n = 0; n < members_.size(); ++n) {
            if (placed[n]) continue;
            SlotMembers slot;
            std::vector<std::pair<const SlotMember*, std::string>> apart;
            for (std::size_t other = n; other < members_.size(); ++other) {
                if (class_of_[other] != class_of_[n]) continue;
                placed[other] = true;
                slot.push_back(&members_[other]);
                if (slot.size() == 1) continue;
                if (auto why = why_apart(slot)) {
                    apart.emplace_back(slot.back(), std::move(*why));
                    slot.pop_back();
                }
            }
            const auto why_first = apart.empty() ? std::string{} : apart.front().second;
            add_slot(slot, slot.size() == 1 ? why_first : "");
            for (const auto& [member, why] : apart)
                add_slot({member}, why);
        }
    }

    void add_slot(const SlotMembers& members, const std::string& why_alone) {
        ProposedSlot slot{.port = port_name(*members.front()),
                          .why = members.size() > 1  ? why_together(members)
                                 : why_alone.empty() ? why_by_itself(*members.front())
                                                     : std::vector{why_alone}};
        const auto decision = decide_together(members);
        const bool first_is_missing = members.front()->number != 0;
        for (unsigned n = 0; n < members.size(); ++n) {
            const auto& member = *members[n];
            ProposedFunction function{.candidate = member.candidate,
                                      .host = member.host,
                                      .function = n == 0 ? 0 : member.number};
            if (n == 0 && first_is_missing && members.size() > 1)
                function.why.push_back(fmt::format(
                    "function {} on the host: a guest looks for others only beside a function 0",
                    member.number));
            if (member.companion != nullptr && members.size() > 1)
                function.why.push_back(fmt::format(
                    "{}: a Linux guest looks for that at function 0 of the slot, and for it at "
                    "function {} [{}]",
                    member.companion->what, member.companion->function, member.companion->source));
            if (decision.completer != 0 && !decision.participants[n])
                function.why.push_back(
                    fmt::format("its AtomicOp Requester Enable is gated; {}",
                                member.driver == nullptr
                                    ? "no driver of such a function is known to ask for AtomicOps"
                                    : "its driver looks whether the bit was kept"));
            if (member.trouble != nullptr)
                function.why.push_back(fmt::format("known trouble with its reset: {} [{}]",
                                                   member.trouble->what, member.trouble->evidence));
            slot.functions.push_back(std::move(function));
        }
        placed_.push_back(members);
        proposal_.slots.push_back(std::move(slot));
    }

    std::vector<std::string> why_together(const SlotMembers& members) const {
        std::vector<std::string> why;
        const auto& group = members.front()->facts->group;
        const bool one_group =
            group && std::ranges::all_of(members, [&](const SlotMember* member) {
                return member->facts->group && member->facts->group->number == group->number;
            });
        if (one_group)
            why.push_back(fmt::format("one IOMMU group ({}): they go to the same guest in any case",
                                      group->number));
        for (const auto* const member : members)
            if (member->companion != nullptr) {
                why.emplace_back("their drivers look for each other in one slot");
                break;
            }
        if (!one_group && std::ranges::any_of(members, [](const SlotMember* member) {
                return member->own_reset && !*member->own_reset;
            }))
            why.emplace_back("only in one guest can all of them be reset, by the bus above");
        if (std::ranges::any_of(members,
                                [](const SlotMember* member) { return !member->facts->group; }))
            why.emplace_back("as on the host: whether they could be parted is not known");
        if (const auto completer = decide_together(members).completer; completer != 0)
            why.push_back(
                fmt::format("AtomicOps: their port completes {}, which no function loses "
                            "by the others",
                            widths_in_words(completer)));
        if (why.empty()) why.emplace_back("as on the host: they belong to one guest");
        return why;
    }

    std::vector<std::string> why_by_itself(const SlotMember& member) const {
        if (member.virtual_function)
            return {
                "a virtual function: it goes to any guest by itself, and is gone when its "
                "physical function is reset"};
        if (members_.size() == 1) return {"the only function of the slot that a guest can have"};
        std::vector<std::string> why;
        const auto& methods = member.facts->reset_methods;
        if (!member.facts->group) return {"nothing else of the slot stands beside it"};
        auto text = fmt::format("IOMMU group {}, without another function of the slot",
                                member.facts->group->number);
        if (methods && !methods->empty())
            text += fmt::format(", and a reset of its own ({})", methods->front());
        why.push_back(text + ": it can go to another guest, and come and go by itself");
        if (member.access_control && !*member.access_control)
            why.emplace_back(
                "ACS: it has no such capability, so that a guest with an IOMMU would "
                "put it into one group with others of its slot");
        return why;
    }

    // Slots that could be one: as on the host, where nothing is lost by it.
    void find_sharing() {
        SlotMembers together;
        std::size_t slots = 0;
        for (const auto& members : placed_) {
            if (members.front()->virtual_function) continue;
            auto grown = together;
            grown.insert(grown.end(), members.begin(), members.end());
            if (!together.empty() && why_apart(grown)) continue;
            together = std::move(grown);
            ++slots;
        }
        if (slots < 2) return;
        std::ranges::sort(together, {}, &SlotMember::number);
        auto& set = proposal_.may_share.emplace_back();
        set.hosts = hosts_of(together);
        set.why = "nothing is lost in one slot, but that they are plugged and unplugged together";
    }

    std::string port_name(const SlotMember& member) const {
        const auto domain = slot_.domain == 0 ? "" : fmt::format("{:04x}-", slot_.domain);
        const auto name =
            fmt::format("host-{}{:02x}-{:02x}.{}", domain, slot_.bus, slot_.device, member.number);
        auto free = name;
        for (unsigned n = 2; std::ranges::find(ports_.taken, free) != ports_.taken.end(); ++n)
            free = fmt::format("{}-{}", name, n);
        return free;
    }

    void write_arguments() {
        auto& words = proposal_.arguments;
        for (const auto& slot : proposal_.slots) {
            if (std::ranges::find(ports_.named, slot.port) == ports_.named.end()) {
                words.emplace_back("--port");
                words.push_back(slot.port);
            }
            for (const auto& function : slot.functions) {
                words.emplace_back("--device");
                words.push_back(fmt::format("{},port={},function={}",
                                            candidates_[function.candidate].argument, slot.port,
                                            function.function));
            }
        }
    }

    pci::Address slot_;
    std::span<const SlotCandidate> candidates_;
    OtherPorts ports_;
    std::vector<SlotMember> members_;    // In order of their numbers.
    std::vector<std::size_t> class_of_;  // Of each member: those of one are proposed together.
    std::vector<SlotMembers> placed_;    // As the slots of the proposal.
    SlotProposal proposal_;
};

}  // namespace

SlotProposal propose_slots(const pci::Address& slot, std::span<const SlotCandidate> candidates,
                           const OtherPorts& ports) {
    return Proposer{slot, candidates, ports}.run();
}

}  // namespace tenon::model::slot

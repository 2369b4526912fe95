#include "model/function/reset.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "model/function/reset_trouble.hpp"
#include "pci/capability.hpp"
#include "pci/header.hpp"
#include "pci/power_management.hpp"

namespace tenon::model::function {
namespace {

constexpr auto stays = "the next guest finds the device as this one leaves it";

// Why there is no reset of a bus for the function; empty: there may be one.
std::string_view why_no_bus(const device::DeviceFacts& facts) {
    if (facts.virtual_function.value_or(false))
        return "a virtual function is reset with no bus: its physical function would be as well";
    if (facts.path && facts.path->empty())
        return "it is on a root bus, above which there is nothing that could reset it";
    return "";
}

class Decider {
public:
    Decider(const device::DeviceFacts& facts, const ResetSubject& subject,
            const chosen::Property<chosen::ResetChoice>& choice, std::string_view version,
            std::span<const pci::Address> ours)
        : facts_{facts},
          ours_{ours},
          trouble_{find_likely_trouble(facts, subject)},
          own_{has_own_reset(facts)} {
        outcome_.plan.choice = choice.value;
        outcome_.report = {.name = "reset",
                           .value = std::string{name_of(choice.value)},
                           .origin = choice.origin,
                           .version = std::string{version},
                           .host = host_words()};
    }

    ResetOutcome run() {
        find_method();
        find_bus_set();
        switch (outcome_.plan.choice) {
            case chosen::ResetChoice::Auto:
                decide_auto();
                break;
            case chosen::ResetChoice::Function:
                decide_function();
                break;
            case chosen::ResetChoice::Bus:
                decide_bus();
                break;
            case chosen::ResetChoice::None:
                settle(ResetWay::None, std::string{"not reset: "} + stays,
                       "reset=auto resets it where that is possible");
                break;
        }
        warn_of_trouble();
        return std::move(outcome_);
    }

private:
    std::string host_words() const {
        if (!facts_.reset_methods) return "unknown: " + facts_.reset_methods.why();
        if (facts_.reset_methods->empty()) return "none of the function alone";
        return fmt::format("{}", fmt::join(*facts_.reset_methods, ", "));
    }

    void find_method() {
        if (facts_.reset_methods && !facts_.reset_methods->empty())
            outcome_.plan.method = facts_.reset_methods->front();
    }

    // Who would be reset with the bus above, this function too.
    void find_bus_set() {
        if (const auto why = why_no_bus(facts_); !why.empty()) {
            bus_ = Unknown{std::string{why}};
            return;
        }
        if (!facts_.address) {
            bus_ = Unknown{"its address on its host: " + facts_.address.why()};
            return;
        }
        if (!facts_.bus_neighbours) {
            bus_ = Unknown{facts_.bus_neighbours.why()};
            return;
        }
        std::vector<pci::Address> all{*facts_.address};
        for (const auto& other : *facts_.bus_neighbours) {
            all.push_back(other.address);
            if (std::ranges::find(ours_, other.address) == ours_.end()) strangers_.push_back(other);
        }
        std::ranges::sort(all);
        for (const auto& address : all)
            outcome_.plan.bus_set.push_back(to_string(address));
        bus_ = outcome_.plan.bus_set;
    }

    std::string stranger_words() const {
        std::vector<std::string> words;
        for (const auto& other : strangers_) {
            auto word = to_string(other.address);
            if (other.is_bridge)
                word += " (a bridge)";
            else if (!other.driver.empty())
                word += fmt::format(" (driver {})", other.driver);
            words.push_back(std::move(word));
        }
        return fmt::format("{}", fmt::join(words, ", "));
    }

    std::string bus_words() const {
        const auto& set = *bus_;
        return set.size() < 2
                   ? "with the bus above it, on which it is alone"
                   : fmt::format(
                         "with the bus above it, which resets {} together; when the guest "
                         "resets one of them, while it uses none of the others",
                         fmt::join(set, ", "));
    }

    std::string alone_words() const {
        return outcome_.plan.method.empty()
                   ? std::string{"alone, by the kernel's own way"}
                   : fmt::format("alone, by the kernel's first way ({})", outcome_.plan.method);
    }

    void settle(ResetWay way, std::string effect, std::string change = "") {
        outcome_.plan.way = way;
        outcome_.report.effect = std::move(effect);
        outcome_.report.change = std::move(change);
    }

    void leave_unknown(const std::string& why, std::string change) {
        outcome_.plan.way = Unknown{why};
        outcome_.report.effect = "not known: " + why;
        outcome_.report.change = std::move(change);
    }

    void refuse(std::string what, std::string remedy) {
        outcome_.report.effect = "the function cannot be assigned so";
        outcome_.report.change = remedy;
        outcome_.plan.refusals.push_back(
            {.what = std::move(what), .remedy = std::move(remedy), .commands = {}});
    }

    void give_up(const std::string& why) {
        settle(ResetWay::None, fmt::format("not reset: {}", why), "");
        outcome_.plan.warnings.push_back(fmt::format("it is not reset: {}; {}", why, stays));
    }

    void decide_auto() {
        if (!own_) return leave_unknown(own_.why(), state_it());
        if (*own_) return settle(ResetWay::Function, alone_words(), "reset=bus, reset=none");
        constexpr std::string_view none = "the kernel has no reset of this function alone";
        if (const auto why = why_no_bus(facts_); !why.empty())
            return give_up(fmt::format("{}, and {}", none, why));
        if (trouble_ != nullptr && trouble_->reset == TroubledReset::Bus)
            return give_up(fmt::format("{}, and {}", none, trouble_->what));
        if (!bus_)
            return leave_unknown(
                fmt::format("{}; what a reset of the bus above resets: {}", none, bus_.why()), "");
        if (!strangers_.empty()) {
            outcome_.plan.lacks_others = true;
            give_up(
                fmt::format("{}, and a reset of the bus above would reset {} too, not of this "
                            "machine",
                            none, stranger_words()));
            outcome_.report.change = "give those to the same guest";
            return;
        }
        settle(ResetWay::Bus, bus_words(), "reset=none");
    }

    void decide_function() {
        if (!own_) return leave_unknown(own_.why(), state_it());
        if (*own_) return settle(ResetWay::Function, alone_words(), "reset=bus, reset=none");
        refuse("reset=function is asked for, and the kernel has no reset of this function alone",
               "reset=auto takes the bus above it where everything below that is of this machine");
    }

    void decide_bus() {
        constexpr auto instead = "reset=auto resets the function alone where the kernel can";
        if (const auto why = why_no_bus(facts_); !why.empty())
            return refuse(fmt::format("reset=bus is asked for, and {}", why), instead);
        if (!bus_)
            return leave_unknown(
                fmt::format("what a reset of the bus above resets: {}", bus_.why()), instead);
        if (!strangers_.empty()) {
            outcome_.plan.lacks_others = true;
            return refuse(
                fmt::format("reset=bus would reset {} too, not of this machine", stranger_words()),
                "give those to the same guest; or reset=function, reset=none");
        }
        settle(ResetWay::Bus, bus_words(), instead);
    }

    std::string state_it() const {
        return facts_.origin == device::Origin::File ? "state what its kernel has: host-reset=flr"
                                                     : "";
    }

    // Only where it can happen: a kernel that knows of the trouble takes another way.
    bool can_happen() const {
        const auto& plan = outcome_.plan;
        if (!plan.way) return true;
        const auto takes = [&](std::string_view method) {
            return *plan.way == ResetWay::Function &&
                   (plan.method.empty() || plan.method == method);
        };
        switch (trouble_->reset) {
            case TroubledReset::Function:
                return takes("flr") || takes("af_flr");
            case TroubledReset::PowerManagement:
                return takes("pm");
            case TroubledReset::Bus:
                return *plan.way == ResetWay::Bus || takes("bus");
            case TroubledReset::Any:
                // Somebody has added a way of its own to the kernel.
                return *plan.way != ResetWay::None && plan.method != "device_specific";
        }
        return true;
    }

    void warn_of_trouble() {
        if (trouble_ == nullptr || !can_happen()) return;
        outcome_.plan.warnings.push_back(fmt::format("known trouble with its reset: {} [{}]",
                                                     trouble_->what, trouble_->evidence));
    }

    const device::DeviceFacts& facts_;
    std::span<const pci::Address> ours_;
    const ResetTrouble* trouble_;
    Known<bool> own_;
    Known<std::vector<std::string>> bus_;
    std::vector<device::GroupMember>
        strangers_;  // Whom a bus reset would hit, not of this machine.
    ResetOutcome outcome_;
};

}  // namespace

std::string_view name_of(ResetWay way) {
    switch (way) {
        case ResetWay::Function:
            return "function";
        case ResetWay::Bus:
            return "bus";
        case ResetWay::None:
            return "none";
    }
    return "";
}

// VFIO tries the reset when the function is opened, and says whether it worked.
Known<bool> has_own_reset(const device::DeviceFacts& facts) {
    if (facts.vfio) return facts.vfio->info.can_reset;
    if (facts.reset_methods) return !facts.reset_methods->empty();
    return Unknown{facts.reset_methods.why()};
}

namespace {

// Whether the registers say that the way into D3hot and back resets the function.
bool promises_power_reset(const device::DeviceFacts& facts) {
    if (!facts.physical || facts.physical->known() <= pci::header_size) return false;
    const auto found =
        pci::list_capabilities(*facts.physical)
            .find(pci::CapabilityList::Standard, pci::capability_id::power_management);
    if (!found) return false;
    const pci::PowerControl control{
        facts.physical->read16(found->at + pci::power_management::control)};
    return control.get<pci::NoSoftReset>() == 0;
}

// Of a port that cannot reset its bus as it should.
const ResetTrouble* find_trouble_above(const device::DeviceFacts& facts) {
    if (!facts.path || facts.path->empty() || !facts.path->front().config) return nullptr;
    const auto& port = *facts.path->front().config;
    const auto class_and_revision = port.read32(pci::header::revision_id);
    const auto* const trouble =
        find_reset_trouble(port.read16(pci::header::vendor_id), port.read16(pci::header::device_id),
                           class_and_revision >> 8, static_cast<std::uint8_t>(class_and_revision));
    return trouble != nullptr && trouble->reset == TroubledReset::Bus ? trouble : nullptr;
}

}  // namespace

const ResetTrouble* find_likely_trouble(const device::DeviceFacts& facts,
                                        const ResetSubject& subject) {
    const auto* trouble =
        find_reset_trouble(subject.vendor, subject.device, subject.class_code, subject.revision);
    if (trouble == nullptr) trouble = find_trouble_above(facts);
    if (trouble == nullptr) return nullptr;
    if (!facts.reset_methods)
        return trouble->reset == TroubledReset::PowerManagement && !promises_power_reset(facts)
                   ? nullptr
                   : trouble;
    const auto first = facts.reset_methods->empty() ? "" : facts.reset_methods->front();
    switch (trouble->reset) {
        case TroubledReset::Function:
            return first == "flr" || first == "af_flr" ? trouble : nullptr;
        case TroubledReset::PowerManagement:
            return first == "pm" ? trouble : nullptr;
        case TroubledReset::Bus:
            return trouble;
        case TroubledReset::Any:
            return first != "device_specific" ? trouble : nullptr;
    }
    return trouble;
}

ResetOutcome decide_reset(const device::DeviceFacts& facts, const ResetSubject& subject,
                          const chosen::Property<chosen::ResetChoice>& choice,
                          std::string_view version, std::span<const pci::Address> ours) {
    return Decider{facts, subject, choice, version, ours}.run();
}

}  // namespace tenon::model::function

#include "model/slot/atomics_view.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "device/atomic_widths.hpp"
#include "model/chosen/target.hpp"
#include "model/slot/atomics_drivers.hpp"

namespace tenon::model::slot {
namespace {

using device::words_of_widths;
using Functions = std::span<const function::FunctionView* const>;

std::string name_of(const function::FunctionView& view) {
    return fmt::format("{} {}", view.id, view.host);
}

class AtomicsViewer {
public:
    AtomicsViewer(const std::string& port, const SlotRules& rules, Functions functions,
                  SlotView& slot)
        : port_{port},
          rules_{rules},
          rule_{rules.atomics.value},
          by_qemu_{chosen::find_target(rules.version).has_value()},
          functions_{functions},
          slot_{slot},
          members_{members_of(functions)},
          decision_{decide(rule_)} {}

    void run() {
        slot_.atomic_completer = decision_.completer;
        slot_.atomics_why.push_back(main_reason());
        for (std::size_t n = 0; n < functions_.size(); ++n)
            view_function(*functions_[n], slot_.functions[n]);
        warn_of_port();
        slot_.atomics_change = fmt::format("{}", fmt::join(changes(), "; "));
    }

private:
    // What the rule may count for a function: nothing without the register that makes it a
    // participant. QEMU has none of it, and asks the kernel alone.
    std::uint32_t counted(const function::FunctionView& view) const {
        return view.device_control_2_at == 0 && !by_qemu_ ? 0 : view.atomics.counted();
    }

    std::vector<AtomicsMember> members_of(Functions functions) const {
        std::vector<AtomicsMember> members;
        for (const auto* const view : functions)
            members.push_back({.function = view->function,
                               .assigned = !view->emulated,
                               .widths = counted(*view)});
        return members;
    }

    // "dev0 0000:0b:00.0 has 32 and 64 bit, dev1 0000:0b:00.1 has none"
    std::string who_has_what(Functions functions) const {
        std::vector<std::string> parts;
        for (const auto* const view : functions)
            parts.push_back(
                fmt::format("{} has {}", name_of(*view),
                            counted(*view) == 0 ? "none" : words_of_widths(counted(*view))));
        return fmt::format("{}", fmt::join(parts, ", "));
    }

    AtomicsDecision decide(const chosen::AtomicsRule& rule) const {
        return decide_atomics(rule, rules_.express_version >= 2, members_);
    }

    bool any_reports() const {
        return std::ranges::any_of(functions_, [this](const function::FunctionView* view) {
            return !view->emulated && counted(*view) != 0;
        });
    }

    bool any_on_host() const {
        return std::ranges::any_of(functions_, [](const function::FunctionView* view) {
            return !view->emulated && view->atomics.counted() != 0;
        });
    }

    std::string main_reason() const {
        if (rules_.express_version < 2)
            return "a PCI Express capability of version 1 has no Device Capabilities 2 to say it "
                   "in";
        if (rule_.mode == chosen::AtomicsMode::Off) return "switched off";
        if (rule_.mode == chosen::AtomicsMode::Fixed) return "as asked, whoever is in the slot";
        if (functions_.empty()) return "the slot is empty";
        if (!any_reports())
            return any_on_host() ? "no function of the slot has a register to enable them in "
                                   "(Device Control 2), as far as its bytes are known"
                                 : "no function of the slot has any on its host, as far as known";
        const bool some = decision_.completer != 0;
        switch (rule_.mode) {
            case chosen::AtomicsMode::LoneFunction:
                return some ? fmt::format(
                                  "as on the host of the lone {}{}", name_of(*functions_.front()),
                                  by_qemu_ ? "; QEMU leaves them in the port where the function's "
                                             "start fails later on"
                                           : "")
                       : by_qemu_
                           ? "QEMU's port completes them for a lone function 0 alone"
                           : "this machine version knows AtomicOps of a lone function 0 alone";
            case chosen::AtomicsMode::AllFunctions:
                return fmt::format("{}: {}",
                                   some ? "common to every function of the slot"
                                        : "not every function of the slot has one in common",
                                   who_has_what(functions_));
            default:
                if (functions_.size() == 1)
                    return fmt::format("as on the host of {}", name_of(*functions_.front()));
                return fmt::format("{}: {}",
                                   some ? "common to all functions that have any on their host"
                                        : "those that have any on their host have none in common",
                                   who_has_what(functions_));
        }
    }

    void view_function(const function::FunctionView& view, SlotFunction& part) {
        part.atomics_participant = by_qemu_ || decision_.participants[view.function];
        if (by_qemu_) {
            part.atomics_effect =
                "is the device's own: QEMU forwards what the guest writes, whoever completes them";
            return explain_driver(view, part.atomics_participant);
        }
        const bool beside = decision_.participants.any() && !part.atomics_participant;
        if (part.atomics_participant) {
            part.atomics_effect = view.virtual_function
                                      ? "is kept by Tenon for the guest; the device follows that "
                                        "of its physical function"
                                      : "is the guest's";
        } else {
            part.atomics_effect = fmt::format("is gated (reads zero, cannot be set), since {}",
                                              decision_.completer == 0
                                                  ? "the port completes none"
                                                  : "not every width of the port completes for it");
            if (!view.emulated) warn_of_gated(view, beside, part);
        }
        explain_driver(view, part.atomics_participant);
    }

    void warn_of_gated(const function::FunctionView& view, bool beside, SlotFunction& part) const {
        // Linux asks the port alone and does not look whether the bit was kept.
        if (beside)
            part.warnings.push_back(fmt::format(
                "its port completes AtomicOps for another function of the slot, and a Linux guest "
                "that enables them for this one is told that it worked, while they stay off: give "
                "{} a port of its own",
                view.host));
        if (view.virtual_function && counted(view) != 0)
            part.warnings.emplace_back(
                "as a virtual function it sends AtomicOps while its physical function may: nobody "
                "can gate it alone");
    }

    void explain_driver(const function::FunctionView& view, bool participant) {
        const auto* const driver = find_atomics_driver(view.vendor, view.device, view.class_code);
        if (driver == nullptr) return;
        const auto there = participant ? decision_.completer & driver->widths : 0;
        const bool satisfied = driver->all ? there == driver->widths : there != 0;
        slot_.atomics_why.push_back(fmt::format(
            "{}: the guest's driver {} asks for {}{}: {} [{}]", name_of(view), driver->name,
            driver->all ? words_of_widths(driver->widths)
                        : "any of " + words_of_widths(driver->widths),
            driver->all && std::popcount(driver->widths) > 1 ? " together" : "",
            satisfied ? "satisfied" : fmt::format("not satisfied, {}", driver->without),
            driver->source));
    }

    void warn_of_port() {
        constexpr auto pair = device::atomics_32 | device::atomics_64;
        const auto shown = decision_.completer & pair;
        if (decision_.completer != 0 && shown != pair)
            slot_.warnings.push_back(fmt::format(
                "port {} completes {} AtomicOps, but a root port that completes any has to "
                "complete "
                "32 and 64 bit [PCIe Base Spec 7.0, 6.15.3.1]: a driver that asks for both gets "
                "none",
                port_, words_of_widths(decision_.completer)));
        if (rule_.mode == chosen::AtomicsMode::Fixed) return warn_of_contradictions();
        if (rule_.mode == chosen::AtomicsMode::Auto && rules_.express_version >= 2 &&
            decision_.completer == 0 && any_reports())
            slot_.warnings.push_back(
                fmt::format("port {} completes no AtomicOps, since those who are reported to have "
                            "any have none in common: {}",
                            port_, who_has_what(functions_)));
    }

    void warn_of_contradictions() {
        for (const auto* const view : functions_) {
            const auto missing = decision_.completer & ~counted(*view);
            if (view->emulated || missing == 0) continue;
            slot_.warnings.push_back(fmt::format(
                "port {} says to complete {} AtomicOps, as atomics={} asks, but for {} {} {} on "
                "this host: they stay off for it",
                port_, words_of_widths(decision_.completer), chosen::key_of(rule_), name_of(*view),
                words_of_widths(missing),
                view->atomics.widths ? "does not complete" : "is not known to complete"));
        }
    }

    // With a port of its own a function keeps what the others cost it, or costs them nothing.
    std::vector<std::string> changes() const {
        std::vector<std::string> list;
        if (rules_.express_version < 2) list.emplace_back("leave out express=1");
        if (rule_.mode != chosen::AtomicsMode::Auto) {
            const auto by_auto =
                decide_atomics(chosen::AtomicsRule{}, rules_.express_version >= 2, members_)
                    .completer;
            if (by_auto != decision_.completer && !by_qemu_)
                list.push_back(fmt::format("--port {},atomics=auto gives {}", port_,
                                           by_auto == 0 ? "none" : words_of_widths(by_auto)));
        }
        for (const auto* const view : functions_) {
            const bool alone = functions_.size() == 1;
            const bool loses = (counted(*view) & ~decision_.completer) != 0;
            const bool gated_beside =
                decision_.participants.any() && !decision_.participants[view->function];
            if (!alone && !view->emulated && rule_.mode != chosen::AtomicsMode::Off &&
                rule_.mode != chosen::AtomicsMode::Fixed && (loses || gated_beside))
                list.push_back(fmt::format("give {} a port of its own", view->host));
            if (!view->atomics.change.empty())
                list.push_back(fmt::format("{}: {}", view->host, view->atomics.change));
        }
        return list;
    }

    const std::string& port_;
    const SlotRules& rules_;
    const chosen::AtomicsRule& rule_;
    bool by_qemu_;
    Functions functions_;
    SlotView& slot_;
    std::vector<AtomicsMember> members_;
    AtomicsDecision decision_;
};

}  // namespace

void view_atomics(const std::string& port, const SlotRules& rules,
                  std::span<const function::FunctionView* const> functions, SlotView& slot) {
    AtomicsViewer{port, rules, functions, slot}.run();
}

}  // namespace tenon::model::slot

#include "model/function/ats.hpp"

namespace tenon::model::function {
namespace {

constexpr std::string_view no_capability = "the device has no ATS capability to show";
constexpr std::string_view unsupported = "the host's kernel reports that ATS is not supported";
constexpr std::string_view how_to_support =
    "an IOMMU that can, switched on, and a kernel driver of it that lets the function use it";

std::string words_of(const Known<bool>& host) {
    if (!host) return "unknown: " + host.why();
    return *host ? "supported" : "unsupported";
}

// The three rows of the table; each fills in what the guest gets.
void decide_auto(AtsOutcome& outcome, const Known<bool>& host) {
    if (host && !*host) {
        outcome.why = unsupported;
        outcome.warning = "ATS is hidden: the host's kernel reports that it is not supported";
        outcome.report.change = how_to_support;
        outcome.report.change += "; ats=on insists";
        return;
    }
    outcome.shown = true;
    outcome.report.change = "ats=off hides it";
}

void decide_on(AtsOutcome& outcome, const Known<bool>& host, bool strict) {
    outcome.shown = true;
    outcome.report.change = "ats=off hides it";
    if (!host || *host) return;
    outcome.report.change += "; ats=auto does so while it is not supported";
    if (!strict) {
        outcome.warning =
            "ATS is shown though the host's kernel reports that it is not supported; ats=auto "
            "hides "
            "it";
        return;
    }
    outcome.refusal = {
        .what =
            "ATS is asked for, and the host's kernel reports that it is not supported for this "
            "function",
        .remedy = "ats=auto goes without it, x-ats-strict=off shows it all the same"};
}

void decide_absent(AtsOutcome& outcome, const chosen::FunctionProperties& properties, bool strict) {
    outcome.why = no_capability;
    outcome.report.change = "";
    if (properties.ats.value != chosen::AtsMode::On) return;
    if (strict)
        outcome.refusal = {.what = "ATS is asked for, but " + outcome.why,
                           .remedy = "ats=auto goes without it"};
    else if (properties.ats.origin == chosen::PropertyOrigin::User)
        outcome.warning = "ats=on has no effect: " + outcome.why;
}

}  // namespace

AtsOutcome decide_ats(const chosen::FunctionProperties& properties, const Known<bool>& host,
                      const Known<bool>& present) {
    const auto mode = properties.ats.value;
    const bool strict =
        properties.ats_strict.value_or(properties.ats.origin == chosen::PropertyOrigin::User);
    AtsOutcome outcome{.report = {.name = "ats",
                                  .value = std::string{name_of(mode)},
                                  .origin = properties.ats.origin,
                                  .version = std::string{properties.version},
                                  .host = words_of(host)}};
    if (present && !*present) {
        decide_absent(outcome, properties, strict);
        outcome.report.effect = outcome.why;
        return outcome;
    }
    if (mode == chosen::AtsMode::Off) {
        outcome.why = "ats=off hides it";
        outcome.report.change = "ats=auto or ats=on";
    } else if (mode == chosen::AtsMode::Auto) {
        decide_auto(outcome, host);
    } else {
        decide_on(outcome, host, strict);
    }
    auto& effect = outcome.report.effect;
    if (outcome.refusal)
        effect = "the function cannot be assigned so";
    else if (outcome.shown)
        effect = "shown";
    else
        effect = "hidden";
    if (!present) effect += ", if the device has the capability: " + present.why();
    return outcome;
}

}  // namespace tenon::model::function

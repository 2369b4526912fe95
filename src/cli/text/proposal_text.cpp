#include "cli/text/proposal_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/shell.hpp"
#include "cli/text/library.hpp"
#include "cli/text/table.hpp"

namespace tenon::cli::text {
namespace {

constexpr std::size_t margin = 2;

std::string heading(std::string_view title, const TextStyle& style) {
    return fmt::format("{:{}}{}\n", "", margin, style.paint(Tone::Strong, title));
}

std::string render_slot(const model::slot::ProposedSlot& slot, const TextStyle& style) {
    auto text = heading("Root port " + slot.port, style);
    for (const auto& function : slot.functions) {
        text += fmt::format("{:{}}function {}: {}\n", "", inner, function.function,
                            style.paint(Tone::Strong, function.host));
        for (const auto& why : function.why)
            text += paragraph(why, style, inner + 2, 2);
    }
    for (const auto& why : slot.why)
        text +=
            paragraph(fmt::format("{}: {}", slot.functions.size() > 1 ? "together" : "alone", why),
                      style, inner, 2);
    return text;
}

std::string render_sets(std::string_view title, const std::vector<model::slot::ProposedSet>& sets,
                        const TextStyle& style) {
    if (sets.empty()) return "";
    auto text = heading(title, style);
    for (const auto& set : sets)
        text +=
            paragraph(fmt::format("{}: {}", fmt::join(set.hosts, ", "), set.why), style, inner, 2);
    return text;
}

std::string render_left_out(const std::vector<model::slot::LeftOut>& functions,
                            const TextStyle& style) {
    if (functions.empty()) return "";
    auto text = heading("Left out", style);
    for (const auto& function : functions)
        text += paragraph(fmt::format("{}: {}", function.host, sentence(function.reason)), style,
                          inner, 2);
    return text;
}

std::string render_unknowns(const std::vector<std::string>& unknowns, const TextStyle& style) {
    if (unknowns.empty()) return "";
    auto text = heading("Not known", style);
    for (const auto& unknown : unknowns)
        text += paragraph(unknown, style, inner, 2);
    return text;
}

// Not wrapped: they are to be copied. An option and its value on each line.
std::string render_arguments(const std::vector<std::string>& words, const TextStyle& style) {
    if (words.empty()) return "";
    auto text = heading("As arguments of plan and run", style);
    for (std::size_t n = 0; n + 1 < words.size(); n += 2)
        text += fmt::format("{:{}}{} {}{}\n", "", inner, words[n], shell_word(words[n + 1]),
                            n + 2 < words.size() ? " \\" : "");
    return text;
}

std::string render_proposal(const model::slot::SlotProposal& proposal, const TextStyle& style) {
    auto text = style.paint(Tone::Strong, "Proposal for host slot " + proposal.host) + '\n';
    for (const auto& slot : proposal.slots)
        text += render_slot(slot, style);
    return text + render_sets("Belong to one guest", proposal.bound, style) +
           render_sets("May share a slot of the guest", proposal.may_share, style) +
           render_left_out(proposal.left_out, style) + render_unknowns(proposal.unknowns, style) +
           render_arguments(proposal.arguments, style);
}

}  // namespace

std::string render_proposals(const std::vector<model::slot::SlotProposal>& proposals,
                             const TextStyle& style) {
    std::string text;
    for (const auto& proposal : proposals)
        text += render_proposal(proposal, style) + '\n';
    return text;
}

}  // namespace tenon::cli::text

#include "cli/text/check_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/text/table.hpp"
#include "device/atomic_widths.hpp"
#include "library/assigned_view.hpp"

namespace tenon::cli::text {
namespace {

using library::Checked;
using managed::guest::Node;
using managed::traps::Finding;
using managed::traps::Kind;

constexpr std::size_t indent = 2;

std::string_view property(const managed::said::Option& option, std::string_view name,
                          std::string_view otherwise) {
    const auto* const value = option.properties.find(name);
    return value == nullptr ? otherwise : std::string_view{value->text};
}

}  // namespace

std::string about_node(const Checked& checked, const Node& node) {
    if (!node.device) return node.driver;
    const auto& option = checked.configuration.devices[*node.device];
    auto text = node.driver;
    if (!option.id.empty()) text += ' ' + option.id;
    std::vector<std::string> facts;
    if (const auto host = managed::said::host_of(option))
        facts.push_back(fmt::format("host {}", to_string(*host)));
    if (node.driver == "pcie-root-port")
        facts.push_back(fmt::format("{} GT/s x{}, chassis {}", property(option, "x-speed", "16"),
                                    property(option, "x-width", "32"),
                                    property(option, "chassis", "0")));
    if (node.multifunction) facts.emplace_back("multifunction");
    if (node.automatic) facts.emplace_back("slot by QEMU");
    if (!checked.tree.is_found(node)) facts.emplace_back("not found by the guest");
    return facts.empty() ? text : fmt::format("{}: {}", text, fmt::join(facts, ", "));
}

std::string guest_in_short(const Checked& checked) {
    const auto& configuration = checked.configuration;
    const auto machine = configuration.machine.text("type");
    const auto* const cpu = configuration.cpu();
    return fmt::format("machine {}, CPU {}", machine.empty() ? "pc, as none is named" : machine,
                       cpu == nullptr ? "qemu64, as none is named" : cpu->type);
}

std::vector<std::string> not_judged(const Checked& checked) {
    std::vector<std::string> texts;
    const std::string_view nobody =
        checked.host.asked ? "the host does not tell" : "no host is named that tells";
    for (const auto& question : checked.diagnosis.questions)
        texts.push_back(fmt::format("{} {}", nobody, question.what));
    for (const auto& note : checked.configuration.unknown)
        texts.push_back(fmt::format("{}: {} {}", to_string(note.place), note.word, note.what));
    for (const auto device : checked.tree.unplaced) {
        const auto& option = checked.configuration.devices[device];
        texts.push_back(
            fmt::format("{}: {} is no device that is known here; if it takes a slot, those chosen "
                        "after it are others",
                        to_string(option.place), option.type));
    }
    return texts;
}

namespace {

class TreeLines {
public:
    TreeLines(const Checked& checked, const TextStyle& style) : checked_{checked}, style_{style} {}

    std::string render() {
        add(0, indent, 0);
        return std::move(text_);
    }

private:
    void add(std::size_t bus, std::size_t column, std::size_t depth) {
        for (const auto index : checked_.tree.buses[bus].nodes) {
            const auto& node = checked_.tree.nodes[index];
            const bool assigned = node.device && managed::said::is_assigned(
                                                     checked_.configuration.devices[*node.device]);
            const auto tone = assigned ? Tone::Strong : node.device ? Tone::Plain : Tone::Faint;
            text_ += paragraph(fmt::format("{} {}", slot_text(node), about_node(checked_, node)),
                               style_, column, inner, tone);
            if (node.behind && depth < deepest) add(*node.behind, column + inner, depth + 1);
        }
    }

    const Checked& checked_;
    const TextStyle& style_;
    std::string text_;
};

std::string render_head(const Checked& checked, const TextStyle& style) {
    return style.paint(Tone::Strong, "The guest") +
           fmt::format(" of {}: {}\n", checked.configuration.name, guest_in_short(checked));
}

Tone tone_of(Kind kind) {
    return kind == Kind::FailsToStart || kind == Kind::Dangerous ? Tone::Bad : Tone::Warning;
}

std::string render_finding(const Finding& finding, std::size_t number, const TextStyle& style) {
    const auto kind = fmt::format("{}. {}", number, words_of(finding.kind));
    auto text = fmt::format("{:{}}{}\n", "", indent, style.paint(tone_of(finding.kind), kind));
    text += paragraph(finding.what, style, inner, 2, Tone::Strong);
    for (const auto& one : finding.evidence)
        text += paragraph(fmt::format("{}: {}", to_string(one.place), one.word), style, inner, 2);
    text += paragraph(fmt::format("{} [{}]", finding.why, finding.source), style, inner, 2,
                      Tone::Faint);
    if (!finding.change.empty())
        text +=
            paragraph(fmt::format("to do: {}{}", finding.change, finding.paste.empty() ? "" : ":"),
                      style, inner, 2);
    // As it is: a line that was broken could not be pasted.
    for (const auto& line : finding.paste)
        text += fmt::format("{:{}}{}\n", "", inner + 2, style.paint(Tone::Ours, line));
    return text;
}

std::string render_findings(const Checked& checked, const TextStyle& style) {
    const auto& findings = checked.diagnosis.findings;
    auto text = '\n' + style.paint(Tone::Strong, "Findings") + '\n';
    if (findings.empty())
        return text + fmt::format("{:{}}{}\n", "", indent, style.paint(Tone::Good, "none"));
    for (std::size_t n = 0; n < findings.size(); ++n)
        text += render_finding(findings[n], n + 1, style);
    return text;
}

// What the guest sees of the functions that the host tells of.
std::string render_views(const Checked& checked, const TextStyle& style) {
    std::string text;
    for (const auto& one : library::view_assigned(checked)) {
        const auto& view = *one.view;
        text +=
            fmt::format("{:{}}{} by {}\n", "", indent, style.paint(Tone::Strong, one.host), one.by);
        if (!view.guest_view) continue;
        text += paragraph(fmt::format("{} bytes; finds {}", view.config_size,
                                      library::capabilities_in_words(view)),
                          style, inner, 2);
        const auto lost = library::lost_in_words(view);
        if (!lost.empty())
            text += paragraph(fmt::format("does not find {}", fmt::join(lost, ", ")), style, inner,
                              2, Tone::Faint);
        if (one.atomics != 0)
            text += paragraph(fmt::format("its port completes {} AtomicOps",
                                          device::words_of_widths(one.atomics)),
                              style, inner, 2);
        if (!one.left_open.empty())
            text += paragraph(fmt::format("not looked at: {}", fmt::join(one.left_open, ", ")),
                              style, inner, 2);
    }
    if (text.empty()) return "";
    return '\n' + style.paint(Tone::Strong, "What it sees of assigned functions") + '\n' + text;
}

std::string render_questions(const Checked& checked, const TextStyle& style) {
    const auto texts = not_judged(checked);
    if (texts.empty()) return "";
    auto text = '\n' + style.paint(Tone::Strong, "Not judged") + '\n';
    for (const auto& one : texts)
        text += paragraph(one, style, indent, 2);
    if (!checked.host.asked && !checked.diagnosis.questions.empty())
        text += paragraph("give the host with --host here, or --host FILE: a capture or a report",
                          style, indent, 2, Tone::Faint);
    return text;
}

}  // namespace

std::string render_check(const Checked& checked, const TextStyle& style) {
    return render_head(checked, style) + TreeLines{checked, style}.render() +
           render_views(checked, style) + render_findings(checked, style) +
           render_questions(checked, style);
}

}  // namespace tenon::cli::text

#include "cli/text/host_text.hpp"

#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "base/text.hpp"
#include "cli/text/library.hpp"
#include "cli/text/table.hpp"

namespace tenon::cli::text {
namespace {

std::string render_members(const model::slot::FunctionPlan& function, const TextStyle& style) {
    const auto& group = function.view.group;
    if (!group)
        return paragraph(fmt::format("IOMMU group not known: {}", function.facts.group.why()),
                         style, inner);
    if (group->members.empty())
        return paragraph(fmt::format("IOMMU group {}, alone in it", group->number), style, inner);
    auto text =
        paragraph(fmt::format("IOMMU group {}, together with", group->number), style, inner);
    Table table{{{}, {}, {}}};
    for (const auto& member : group->members)
        table.add({{.text = to_string(member.address)},
                   {.text = member.driver.empty() ? "no driver"
                                                  : fmt::format("driver {}", member.driver)},
                   {.text = member.is_bridge ? "bridge" : ""}});
    return text + table.render(style, inner + 2);
}

std::string render_group(const model::slot::FunctionPlan& function, const TextStyle& style) {
    auto text = render_members(function, style);
    for (const auto& note : function.view.group_notes)
        text += paragraph(note, style, inner + 2, 2);
    return text;
}

std::string name_of_reset(const std::string& method) {
    // Source: Documentation/ABI/testing/sysfs-bus-pci, reset_method.
    constexpr auto names = std::to_array<std::pair<std::string_view, std::string_view>>(
        {{"flr", "function level reset"},
         {"af_flr", "function level reset of Advanced Features"},
         {"pm", "power state D3hot and back"},
         {"bus", "reset of the bus above it"},
         {"cxl_bus", "reset of the CXL bus above it"},
         {"acpi", "_RST of the firmware"},
         {"device_specific", "a way of its own"}});
    for (const auto& [word, name] : names)
        if (method == word) return fmt::format("{} ({})", name, method);
    return method;
}

std::string reset_line(const device::DeviceFacts& facts) {
    if (!facts.reset_methods) return "reset not known: " + facts.reset_methods.why();
    const auto& methods = *facts.reset_methods;
    if (methods.empty()) return "no reset: the next guest finds it as this one leaves it";
    auto text = "reset by " + name_of_reset(methods.front());
    if (methods.size() > 1)
        text +=
            fmt::format("; if that fails by {}", fmt::join(std::span{methods}.subspan(1), ", "));
    return text;
}

std::string numa_line(const Known<int>& node) {
    if (!node) return "NUMA node not known: " + node.why();
    return *node < 0 ? "on no NUMA node that the host tells" : fmt::format("NUMA node {}", *node);
}

// Empty for what has no link, such as a virtual function.
std::string link_line(const device::DeviceFacts& facts, const model::slot::PortPlan& port) {
    if (!facts.link || facts.link->width == 0) return "";
    const auto& link = *facts.link;
    auto text = fmt::format("link {} x{}", link.speed, link.width);
    if (link.speed != link.max_speed || link.width != link.max_width)
        text += fmt::format(" of {} x{} that it could do", link.max_speed, link.max_width);
    return text + fmt::format("; the guest's port shows {} x{}",
                              link_speed_name(port.slot.link_speed), port.slot.link_width);
}

std::string pages_of(std::uint64_t sizes) {
    std::vector<std::string> names;
    // A mask with every bit above a page set is how the group interface says "any size".
    constexpr unsigned most = 5;
    for (unsigned bit = 0; bit < 64 && names.size() < most; ++bit)
        if ((sizes >> bit & 1) != 0) names.push_back(format_size(std::uint64_t{1} << bit));
    if (names.size() == most) return "any size from " + names.front();
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string iommu_line(const device::IommuFacts& iommu) {
    if (!iommu.iova) return "addresses that its IOMMU translates not known: " + iommu.iova.why();
    std::vector<std::string> ranges;
    for (const auto& range : *iommu.iova)
        ranges.push_back(fmt::format("{:#x}-{:#x}", range.first, range.last));
    auto text = fmt::format("its IOMMU translates {}", fmt::join(ranges, ", "));
    if (iommu.page_sizes)
        return text + fmt::format(", in pages of {}", pages_of(*iommu.page_sizes));
    return text + ", page sizes not known: " + iommu.page_sizes.why();
}

}  // namespace

std::string render_host(const model::slot::FunctionPlan& function,
                        const model::slot::PortPlan& port, const TextStyle& style) {
    const auto& facts = function.facts;
    if (facts.origin == device::Origin::File) return "";
    auto text = fmt::format("\n  {}\n", style.paint(Tone::Strong, "On the host")) +
                paragraph(function.view.driver_line, style, inner) + render_group(function, style);
    if (!function.view.guest_view) return text;
    for (const auto& line : {iommu_line(facts.iommu), reset_line(facts), numa_line(facts.numa_node),
                             link_line(facts, port)})
        if (!line.empty()) text += paragraph(line, style, inner, 2);
    return text;
}

std::string render_dma(const std::vector<model::machine::DmaBudget>& budgets,
                       const TextStyle& style) {
    if (budgets.empty()) return "";
    auto text = style.paint(Tone::Strong, "Guest memory") + '\n';
    for (const auto& budget : budgets) {
        const bool group = budget.interface == device::Interface::Group;
        auto line = budget.needed == 0
                        ? std::string{"all of it is locked while a device can reach it"}
                        : fmt::format("{} are locked while a device can reach them",
                                      format_size(budget.needed));
        if (budget.copies > 1) line += fmt::format(", in {} IOMMU groups together", budget.copies);
        if (!budget.applies)
            line += "; no limit applies to this process, which has CAP_IPC_LOCK";
        else if (!budget.allowed)
            line += "; there is no limit";
        else
            line += fmt::format("; {} are allowed, counted for {}", format_size(*budget.allowed),
                                group ? "this process" : "all programs of this user together");
        if (budget.mappings_needed != 0)
            line += fmt::format("; {} mapping{}", budget.mappings_needed,
                                budget.mappings_needed == 1 ? "" : "s");
        if (budget.mappings_allowed)
            line += fmt::format("; up to {} mappings are allowed", *budget.mappings_allowed);
        text += paragraph(fmt::format("{}: {}", group ? "group interface" : "iommufd", line), style,
                          2, 2, budget.sufficient() ? Tone::Plain : Tone::Bad);
    }
    return text + '\n';
}

}  // namespace tenon::cli::text

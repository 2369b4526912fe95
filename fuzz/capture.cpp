#include "fuzz/capture.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "capture/file.hpp"
#include "capture/text/dump.hpp"
#include "cli/text/plan_lspci.hpp"
#include "cli/text/plan_text.hpp"
#include "fuzz/memory_file.hpp"
#include "library/plan_json.hpp"
#include "model/chosen/target.hpp"
#include "model/machine/machine_plan.hpp"
#include "pci/header.hpp"

namespace tenon::fuzz {
namespace {

// More functions in one file cost time and find nothing new.
constexpr std::size_t most_functions = 4;

void require(bool holds) {
    if (!holds) std::abort();
}

// What holds of every plan.
void check(const model::function::FunctionView& view) {
    require(view.assignable == view.reasons.empty());
    for (const auto& one : view.capabilities) {
        require(one.guest_offset.has_value() == (one.action != model::chosen::Action::Hide));
        if (!one.host_offset) continue;
        require(*one.host_offset + std::size_t{one.size} <= pci::express_size);
        for (const auto& other : view.capabilities)
            if (other.host_offset && *one.host_offset < *other.host_offset)
                require(*one.host_offset + std::size_t{one.size} <= *other.host_offset);
    }
}

// A text is read the same in whatever pieces it comes.
void check_pieces(std::string_view text,
                  const Result<std::vector<capture::text::Function>>& expected) {
    constexpr std::size_t piece = 61;
    capture::text::DumpReader reader{"capture"};
    for (std::size_t from = 0; from < text.size(); from += piece)
        if (!reader.feed(text.substr(from, piece))) return require(!expected);
    const auto found = reader.end();
    require(found.has_value() == expected.has_value());
    for (std::size_t n = 0; found && n < found->size(); ++n) {
        const auto& [one, other] = std::tie((*found)[n], (*expected)[n]);
        require(one.slot == other.slot && one.line == other.line);
        require(one.config.has_value() == other.config.has_value());
        require(!one.config || (*one.config == *other.config && one.config->known() % 4 == 0));
        require(one.resources == other.resources);
    }
}

// By the rules of a machine version or a target.
void plan_by(std::string_view version, const device::DeviceFacts& facts) {
    model::machine::MachineRequest request{.version = std::string{version},
                                           .viommu_pasid_width = 20};
    request.devices.push_back({.facts = facts});
    const auto plan = model::machine::make_plan(std::move(request));
    require(bool{plan});
    for (const auto& port : plan->ports)
        for (const auto& function : port->functions)
            check(function.view);
    require(!cli::text::render_text(*plan, {.width = 80, .colour = true}).empty());
    require(!library::render_json(*plan).empty());
    (void)cli::text::render_lspci(*plan);
}

void plan(const std::string& named) {
    auto facts = capture::read_capture(named);
    if (!facts) return require(!facts.error().what.empty());
    if (facts->physical && facts->physical->read8(pci::header::self_test) % 2 != 0)
        facts->iommu.pasid = device::PasidFacts{.width = 16, .execute = true, .privileged = false};
    plan_by(model::chosen::machine_versions().front().name, *facts);
    // Of QEMU's places one, by a byte that decides nothing else.
    const auto targets = model::chosen::targets();
    const std::size_t place =
        facts->physical ? facts->physical->read8(pci::header::latency_timer) : 0;
    plan_by(targets[place % targets.size()].as.name, *facts);
}

}  // namespace

void plan_file(std::span<const std::byte> content) {
    const auto& path = memory_file(content);
    plan(path);
    std::string text(content.size(), '\0');
    std::ranges::copy(content, std::as_writable_bytes(std::span{text}).begin());
    const auto functions = capture::text::read_dump(text, "capture");
    check_pieces(text, functions);
    if (!functions || functions->size() < 2) return;
    for (std::size_t n = 0; n < std::min(functions->size(), most_functions); ++n)
        plan(path + "#" + (*functions)[n].slot);
}

}  // namespace tenon::fuzz

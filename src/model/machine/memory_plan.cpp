#include "model/machine/memory_plan.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>

#include "base/bytes.hpp"
#include "base/text.hpp"

namespace tenon::model::machine {
namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t four_gib = 0x1'0000'0000;

// The nodes of all functions that tell one.
std::set<unsigned> nodes_of(const std::vector<slot::PortPlan>& ports) {
    std::set<unsigned> nodes;
    for (const auto& port : ports)
        for (const auto& function : port.functions)
            if (function.facts.numa_node && *function.facts.numa_node >= 0)
                nodes.insert(static_cast<unsigned>(*function.facts.numa_node));
    return nodes;
}

void choose_node(const NodeRequest& request, const std::vector<slot::PortPlan>& ports,
                 MemoryPlan& memory) {
    if (request.choice == NodeRequest::Choice::None) {
        memory.node_why = "node=none leaves it to the host's kernel";
        return;
    }
    if (request.choice == NodeRequest::Choice::Number) {
        memory.node = request.number;
        memory.strict = true;
        memory.node_why = "as asked for";
        return;
    }
    const auto nodes = nodes_of(ports);
    if (nodes.size() == 1) {
        memory.node = *nodes.begin();
        memory.node_why = "where its devices are";
    } else if (nodes.empty()) {
        memory.node_why = "no device tells its node";
    } else {
        memory.node_why = fmt::format("its devices are on the nodes {}; node=N chooses one",
                                      fmt::join(nodes, ", "));
    }
}

// The parts of `wanted` that are in none of the ranges. Those may come in any order, and are the
// host's word: they may overlap.
std::vector<slot::Window> holes_of(const slot::Window& wanted,
                                   std::vector<device::IovaRange> ranges) {
    std::ranges::sort(ranges, {}, &device::IovaRange::first);
    std::vector<slot::Window> holes;
    std::uint64_t next = wanted.base;
    for (const auto& range : ranges) {
        if (next >= wanted.end() || range.first >= wanted.end()) break;
        if (range.last < next || range.last < range.first) continue;
        if (range.first > next) holes.push_back({.base = next, .size = range.first - next});
        if (range.last == std::numeric_limits<std::uint64_t>::max()) return holes;
        next = range.last + 1;
    }
    if (next < wanted.end()) holes.push_back({.base = next, .size = wanted.end() - next});
    return holes;
}

// The most memory that ends before `address`.
std::string remedy(const MemoryPlan& memory, std::uint64_t address) {
    constexpr std::uint64_t least = 64 * mib;
    std::uint64_t most = 0;
    for (const auto& part : memory.parts)
        if (address > part.base) most += std::min(part.size, address - part.base);
    most = align_down(most, memory.page == 0 ? 2 * mib : memory.page);
    if (most < least) return "assign it to a guest of another host, or in another slot of this one";
    return fmt::format("give the guest at most {}M with --memory", most / mib);
}

void check_reach(const slot::FunctionPlan& function, const MemoryPlan& memory,
                 std::vector<chosen::Reason>& problems) {
    if (!function.facts.iommu.iova) return;
    for (const auto& part : memory.parts) {
        const auto holes = holes_of(part, *function.facts.iommu.iova);
        if (holes.empty()) continue;
        const auto& hole = holes.front();
        problems.push_back(
            {.what = fmt::format("guest memory at {:#x}-{:#x}: the IOMMU cannot give {} these "
                                 "addresses, they are reserved on this host or above what it "
                                 "translates",
                                 hole.base, hole.end() - 1, function.view.host),
             .remedy = remedy(memory, hole.base)});
        return;
    }
}

}  // namespace

MemoryPlan plan_memory(const MemoryRequest& request, const AddressMap& addresses,
                       const std::vector<slot::PortPlan>& ports) {
    MemoryPlan memory{.size = request.size, .page = request.page};
    const auto low = std::min(request.size, addresses.low_memory_end);
    if (low != 0) memory.parts.push_back({.base = 0, .size = low});
    if (request.size > low) memory.parts.push_back({.base = four_gib, .size = request.size - low});
    choose_node(request.node, ports, memory);
    return memory;
}

std::uint64_t memory_end(const MemoryPlan& memory) {
    return memory.parts.empty() ? four_gib : std::max(four_gib, memory.parts.back().end());
}

void check_memory(const MemoryPlan& memory, const std::vector<slot::PortPlan>& ports,
                  const Known<unsigned>& physical_bits, std::vector<chosen::Reason>& problems) {
    if (memory.parts.empty()) return;
    if (physical_bits && memory.parts.back().end() > std::uint64_t{1} << *physical_bits)
        problems.push_back(
            {.what =
                 fmt::format("guest memory of {} ends at {:#x}: guest physical addresses have "
                             "{} bits on this host",
                             format_size(memory.size), memory.parts.back().end(), *physical_bits),
             .remedy = remedy(memory, std::uint64_t{1} << *physical_bits)});
    for (const auto& port : ports)
        for (const auto& function : port.functions)
            check_reach(function, memory, problems);
}

}  // namespace tenon::model::machine

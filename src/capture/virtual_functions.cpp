#include "capture/virtual_functions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <optional>
#include <utility>

#include "device/resource_row.hpp"
#include "pci/bar.hpp"
#include "pci/header.hpp"
#include "pci/virtualization.hpp"

namespace tenon::capture {
namespace {

// A physical function of the input.
struct Physical {
    pci::Address address;
    std::shared_ptr<const pci::ConfigImage> config;
    std::size_t at = 0;  // Of its SR-IOV capability.
    std::optional<std::array<device::ResourceFacts, device::bar_count>> virtual_bars;
};

std::vector<Physical> list_physical(const std::vector<Entry>& entries) {
    std::vector<Physical> found;
    for (const auto& entry : entries) {
        if (!entry.bytes || !entry.address) continue;
        if (const auto at = pci::find_virtualization(*entry.bytes))
            found.push_back({.address = *entry.address,
                             .config = entry.bytes,
                             .at = *at,
                             .virtual_bars = entry.virtual_bars});
    }
    return found;
}

Known<Physical> find_physical(const pci::Address& address, const std::vector<Physical>& all) {
    const auto has_it = [&](const Physical& one) {
        return pci::has_virtual_function(*one.config, one.at, one.address, address);
    };
    const auto found = std::ranges::find_if(all, has_it);
    if (found == all.end())
        return Unknown{
            "a virtual function has the ids and BARs of its physical function, whose bytes are not "
            "in this input"};
    const auto other = std::find_if(found + 1, all.end(), has_it);
    // The same one twice says the same.
    if (other != all.end() &&
        (other->address != found->address || *other->config != *found->config))
        return Unknown{fmt::format("it could be a virtual function of {} and of {}",
                                   to_string(found->address), to_string(other->address))};
    return *found;
}

// What its own registers say, and what the kernel has of the physical function's.
device::Identity identity_of(const pci::ConfigImage& own, const Physical& physical) {
    using namespace pci::header;
    return {.vendor = physical.config->read16(vendor_id),
            .device = physical.config->read16(physical.at + pci::virtualization::device_id),
            .subsystem_vendor = own.read16(subsystem_vendor_id),
            .subsystem_device = own.read16(subsystem_vendor_id + 2),
            .class_code = own.read32(revision_id) >> 8,
            .revision = own.read8(revision_id)};
}

// The kinds of its BARs, in registers of its own that read as zero: no address, which the kernel
// counts from the physical function's.
void put_bars(const Physical& physical, pci::ConfigImage& own) {
    pci::ConfigImage registers{pci::header_size};
    for (std::size_t at = 0; at < 24; at += 4)
        registers.write(pci::header::bar0 + at,
                        physical.config->read32(physical.at + pci::virtualization::bar0 + at));
    for (const auto& bar : pci::list_bars(registers))
        own.write(pci::header::bar0 + std::size_t{4} * bar.index,
                  pci::bar_flags(bar.kind, bar.prefetchable));
}

// Each has its part of what they have together. Source: Linux drivers/pci/iov.c, sriov_init().
Known<std::array<device::ResourceFacts, device::bar_count + 1>> resources_of(
    const Physical& physical) {
    const auto total = physical.config->read16(physical.at + pci::virtualization::total_functions);
    if (!physical.virtual_bars || total == 0)
        return Unknown{fmt::format(
            "bytes do not tell; each is the size of a row 8 to 13 in the file `resource` of {} in "
            "sysfs, divided by its TotalVFs",
            to_string(physical.address))};
    std::array<device::ResourceFacts, device::bar_count + 1> resources{};
    for (std::size_t n = 0; n < physical.virtual_bars->size(); ++n) {
        auto bar = (*physical.virtual_bars)[n];
        const bool has_parts = bar.size % total == 0 && std::has_single_bit(bar.size / total);
        if (bar.size != 0 && !has_parts)
            return Unknown{
                fmt::format("row {} in the file `resource` of {} is no BAR for each of its {} "
                            "virtual functions",
                            device::first_virtual_row + n + 1, to_string(physical.address), total)};
        bar.size /= total;
        resources.at(n) = bar;
    }
    return resources;
}

void complete(const Known<Physical>& physical, device::DeviceFacts& facts) {
    facts.virtual_function = true;
    if (!physical) {
        facts.identity = Unknown{physical.why()};
        facts.physical_function = Unknown{physical.why()};
        if (!facts.resources) facts.resources = Unknown{physical.why()};
        return;
    }
    facts.identity = identity_of(*facts.physical, *physical);
    facts.physical_function =
        device::PhysicalFunctionFacts{.address = physical->address, .config = *physical->config};
    put_bars(*physical, *facts.physical);
    if (!facts.resources) facts.resources = resources_of(*physical);
}

}  // namespace

void complete_virtual_functions(std::vector<Entry>& entries) {
    std::optional<std::vector<Physical>> physical;
    for (auto& entry : entries) {
        if (!entry.bytes || !pci::looks_virtual(*entry.bytes)) continue;
        if (!physical) physical = list_physical(entries);
        auto of = entry.address ? find_physical(*entry.address, *physical)
                                : Known<Physical>{Unknown{"its address is not known, by which its "
                                                          "physical function is found"}};
        entry.facts = [own = std::move(entry.facts),
                       of = std::move(of)](device::DeviceFacts& facts) {
            auto filled = own(facts);
            if (filled) complete(of, facts);
            return filled;
        };
    }
}

}  // namespace tenon::capture

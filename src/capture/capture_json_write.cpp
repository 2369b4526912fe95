#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "capture/capture_json.hpp"
#include "capture/members_json.hpp"

namespace tenon::capture {
namespace {

using Json = nlohmann::ordered_json;
using namespace device;

Json hex(std::uint64_t number) { return fmt::format("{:#x}", number); }

template <typename T, typename Write>
Json known(const Known<T>& fact, Write write) {
    return fact ? Json(write(*fact)) : Json{{"unknown", words(fact.why())}};
}

template <typename T>
Json plain(const Known<T>& fact) {
    return known(fact, [](const T& value) { return value; });
}

Json text(const Known<std::string>& fact) { return known(fact, words); }

// Rows as lspci prints them; those that are all zero are left out.
Json image(const pci::ConfigImage& config) {
    auto rows = Json::array();
    for (std::size_t offset = 0; offset < config.known(); offset += row_bytes) {
        const auto bytes =
            config.bytes().subspan(offset, std::min(row_bytes, config.known() - offset));
        if (std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; }))
            continue;
        auto row = fmt::format("{:03x}:", offset);
        for (const auto byte : bytes)
            row += fmt::format(" {:02x}", byte);
        rows.push_back(std::move(row));
    }
    return {{"known", config.known()}, {"rows", std::move(rows)}};
}

Json region(const RegionFacts& facts) {
    return {{"size", facts.size},
            {"offset", hex(facts.offset)},
            {"readable", facts.readable},
            {"writable", facts.writable},
            {"mappable", facts.mappable},
            {"areas", each(facts.areas,
                           [](const MmapArea& area) {
                               return Json{{"offset", hex(area.offset)}, {"size", area.size}};
                           })},
            {"msix_table_mappable", facts.msix_table_mappable}};
}

Json irq(const IrqFacts& facts) {
    return {{"count", facts.count},
            {"eventfd", facts.eventfd},
            {"maskable", facts.maskable},
            {"automasked", facts.automasked},
            {"noresize", facts.noresize}};
}

Json vfio(const VfioFacts& facts) {
    return {{"config", image(facts.config)},
            {"regions", each(facts.regions, region)},
            {"irqs", each(facts.irqs, irq)},
            {"can_reset", facts.info.can_reset},
            {"atomic_completer",
             facts.info.atomic_completer ? hex(*facts.info.atomic_completer) : Json(nullptr)}};
}

Json resource(const ResourceFacts& facts) {
    return {{"size", facts.size}, {"flags", hex(facts.flags)}};
}

Json group(const GroupFacts& facts) {
    return {{"number", facts.number}, {"members", write_members(facts.members)}};
}

Json nodes(const VfioNodes& facts) {
    return {{"group", words(facts.group)}, {"cdev", words(facts.cdev)}, {"iommufd", facts.iommufd}};
}

Json identity(const Identity& facts) {
    return {{"vendor", hex(facts.vendor)},
            {"device", hex(facts.device)},
            {"subsystem_vendor", hex(facts.subsystem_vendor)},
            {"subsystem_device", hex(facts.subsystem_device)},
            {"class", hex(facts.class_code)},
            {"revision", hex(facts.revision)}};
}

Json link(const LinkFacts& facts) {
    return {{"speed", words(facts.speed)},
            {"max_speed", words(facts.max_speed)},
            {"width", facts.width},
            {"max_width", facts.max_width}};
}

Json express_words(const ExpressWords& facts) {
    return {{"type", static_cast<unsigned>(facts.type)},
            {"second_registers", facts.second_registers},
            {"completers", hex(facts.completers)},
            {"routes_atomics", facts.routes_atomics},
            {"blocks_atomics", facts.blocks_atomics}};
}

Json bridge(const BridgeFacts& facts) {
    Json object{{"address", to_string(facts.address)},
                {"config", known(facts.config, image)},
                {"driver", text(facts.driver)}};
    if (facts.words) object["words"] = express_words(*facts.words);
    return object;
}

Json physical_function(const PhysicalFunctionFacts& facts) {
    return {{"address", to_string(facts.address)}, {"config", known(facts.config, image)}};
}

Json pasid(const PasidFacts& facts) {
    return {{"width", facts.width}, {"execute", facts.execute}, {"privileged", facts.privileged}};
}

Json vtd(const VtdFacts& facts) {
    return {{"capability", hex(facts.capability)},
            {"extended_capability", hex(facts.extended_capability)}};
}

Json iova(const std::vector<IovaRange>& ranges) {
    return each(ranges, [](const IovaRange& range) {
        return Json{{"first", hex(range.first)}, {"last", hex(range.last)}};
    });
}

Json iommu(const IommuFacts& facts) {
    return {{"pasid", known(facts.pasid, pasid)},
            {"ats", plain(facts.ats)},
            {"dirty_tracking", plain(facts.dirty_tracking)},
            {"kind", plain(facts.kind)},
            {"page_sizes", known(facts.page_sizes, hex)},
            {"vtd", known(facts.vtd, vtd)},
            {"iova", known(facts.iova, iova)}};
}

std::string_view name_of(Origin origin) {
    switch (origin) {
        case Origin::Live:
            return "live";
        case Origin::Capture:
            return "copy";
        case Origin::File:
            break;
    }
    return "dump";
}

Json function(const DeviceFacts& facts) {
    return {
        {"source", words(facts.source)},
        {"origin", name_of(facts.origin)},
        {"address",
         known(facts.address, [](const pci::Address& address) { return to_string(address); })},
        {"kernel", text(facts.kernel)},
        {"driver", text(facts.driver)},
        {"identity", known(facts.identity, identity)},
        {"virtual_function", plain(facts.virtual_function)},
        {"physical_function", known(facts.physical_function, physical_function)},
        {"numa_node", plain(facts.numa_node)},
        {"link", known(facts.link, link)},
        {"reset_methods",
         known(facts.reset_methods,
               [](const std::vector<std::string>& methods) { return each(methods, words); })},
        {"bus_neighbours", known(facts.bus_neighbours, write_members)},
        {"line", known(facts.line, write_line)},
        {"uses", known(facts.uses, write_uses)},
        {"has_iommu", plain(facts.has_iommu)},
        {"group", known(facts.group, group)},
        {"nodes", known(facts.nodes, nodes)},
        {"resources",
         known(facts.resources, [](const auto& resources) { return each(resources, resource); })},
        {"atomics", known(facts.atomics, hex)},
        {"iommu", iommu(facts.iommu)},
        {"physical", known(facts.physical, image)},
        {"vfio", known(facts.vfio, vfio)},
        {"path", known(facts.path,
                       [](const std::vector<BridgeFacts>& path) { return each(path, bridge); })},
    };
}

}  // namespace

std::string write_captures(std::span<const DeviceFacts> functions, const CaptureNotes& notes) {
    auto list = each(functions, function);
    for (std::size_t n = 0; n < list.size(); ++n) {
        const auto at = n < notes.pasid_offsets.size() ? notes.pasid_offsets[n] : std::nullopt;
        list[n]["pasid_offset"] = at ? hex(*at) : Json(nullptr);
    }
    const Json document = {{"format", "tenon-capture"},
                           {"version", 1},
                           {"tool", words(notes.tool)},
                           {"anonymized", notes.anonymized},
                           {"functions", std::move(list)}};
    // Text that is not UTF-8, as a file's name may be, must not stop the capture.
    return document.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tenon::capture

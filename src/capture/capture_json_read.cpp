#include <fmt/core.h>

#include <limits>

#include "base/bytes.hpp"
#include "base/json_place.hpp"
#include "base/text.hpp"
#include "capture/capture_json.hpp"
#include "capture/limits.hpp"
#include "capture/members_json.hpp"

namespace tenon::capture {
namespace {

using namespace device;

constexpr std::uint64_t word32 = 0xffffffff;

template <typename T>
T narrow(std::uint64_t number) {
    return static_cast<T>(number);
}

// What stands for a fact: {"unknown": why}, or a value that `read` takes.
template <typename T, typename Read>
Known<T> known(const JsonPlace& place, Read read) {
    if (place.has("unknown")) return Unknown{place.at("unknown").text()};
    return Known<T>{read(place)};
}

template <typename T, typename Read>
std::vector<T> read_each(const JsonPlace& place, std::size_t most, Read read) {
    std::vector<T> list;
    for (const auto& item : place.items(most))
        list.push_back(read(item));
    return list;
}

std::string read_text(const JsonPlace& place) { return place.text(); }
bool read_flag(const JsonPlace& place) { return place.flag(); }

// "0f0: 86 80 …" into `bytes`. Gives where the next row may begin.
std::size_t read_row(const JsonPlace& place, std::size_t from, std::span<std::byte> bytes) {
    const auto text = place.text();
    const std::string_view row{text};
    const auto offset = parse_hex(row.substr(0, std::min(row.find(':'), row.size())));
    if (!offset || *offset < from || *offset % row_bytes != 0 || *offset >= bytes.size()) {
        place.wrong(
            "does not begin with an offset that is a multiple of 16, past the row before "
            "it and inside the bytes known");
        return bytes.size();
    }
    const auto pairs = split(trimmed(row.substr(std::min(row.find(':') + 1, row.size()))), ' ');
    const auto room = std::min<std::size_t>(row_bytes, bytes.size() - *offset);
    if (pairs.size() != room) {
        place.wrong(fmt::format("has {} bytes instead of {}", pairs.size(), room));
        return bytes.size();
    }
    for (std::size_t n = 0; n < room; ++n) {
        const auto value = parse_hex(pairs[n]);
        if (pairs[n].size() != 2 || !value) {
            place.wrong(fmt::format("byte {} is not two hex digits", n + 1));
            return bytes.size();
        }
        bytes[*offset + n] = static_cast<std::byte>(*value);
    }
    return *offset + row_bytes;
}

pci::ConfigImage read_image(const JsonPlace& place) {
    const auto known_bytes = place.at("known").number(pci::express_size);
    if (known_bytes < pci::header_size || known_bytes % 4 != 0) {
        place.at("known").wrong("is not 64 to 4096 bytes in whole dwords");
        return {};
    }
    pci::ConfigImage image{known_bytes};
    std::size_t next = 0;
    for (const auto& row : place.at("rows").items(pci::express_size / row_bytes))
        next = read_row(row, next, image.bytes().first(known_bytes));
    return image;
}

MmapArea read_area(const JsonPlace& place, std::uint64_t region_size) {
    const MmapArea area{.offset = place.at("offset").hex(region_size),
                        .size = place.at("size").number(region_size)};
    if (area.size > region_size - area.offset) place.wrong("is not inside its region");
    return area;
}

RegionFacts read_region(const JsonPlace& place) {
    RegionFacts region{.size = place.at("size").number(),
                       .offset = place.at("offset").hex(),
                       .readable = place.at("readable").flag(),
                       .writable = place.at("writable").flag(),
                       .mappable = place.at("mappable").flag(),
                       .areas = {},
                       .msix_table_mappable = place.at("msix_table_mappable").flag()};
    if (region.offset > ~region.size) place.wrong("wraps: offset and size are more than 64 bits");
    region.areas = read_each<MmapArea>(place.at("areas"), most_areas, [&](const JsonPlace& area) {
        return read_area(area, region.size);
    });
    return region;
}

IrqFacts read_irq(const JsonPlace& place) {
    return {.count = narrow<std::uint32_t>(place.at("count").number(word32)),
            .eventfd = place.at("eventfd").flag(),
            .maskable = place.at("maskable").flag(),
            .automasked = place.at("automasked").flag(),
            .noresize = place.at("noresize").flag()};
}

std::uint32_t read_mask(const JsonPlace& place) { return narrow<std::uint32_t>(place.hex(word32)); }

// An array of as many entries as the fact has; left empty where the list has another length.
template <typename Array, typename Read>
void fill(Array& array, const JsonPlace& place, Read read) {
    const auto items = place.exactly(array.size());
    for (std::size_t n = 0; n < items.size(); ++n)
        array.at(n) = read(items[n]);
}

VfioFacts read_vfio(const JsonPlace& place) {
    VfioFacts facts;
    facts.config = read_image(place.at("config"));
    fill(facts.regions, place.at("regions"), read_region);
    fill(facts.irqs, place.at("irqs"), read_irq);
    facts.info.can_reset = place.at("can_reset").flag();
    if (const auto atomics = place.at("atomic_completer"); !atomics.is_null())
        facts.info.atomic_completer = read_mask(atomics);
    return facts;
}

using Resources = std::array<ResourceFacts, bar_count + 1>;
Resources read_resources(const JsonPlace& place) {
    Resources resources{};
    fill(resources, place, [](const JsonPlace& one) {
        return ResourceFacts{.size = one.at("size").number(), .flags = one.at("flags").hex()};
    });
    return resources;
}

GroupFacts read_group(const JsonPlace& place) {
    return {.number = narrow<unsigned>(place.at("number").number(word32)),
            .members = read_members(place.at("members"))};
}

VfioNodes read_nodes(const JsonPlace& place) {
    return {.group = place.at("group").text(),
            .cdev = place.at("cdev").text(),
            .iommufd = place.at("iommufd").flag()};
}

Identity read_identity(const JsonPlace& place) {
    const auto id = [&](std::string_view key) {
        return narrow<std::uint16_t>(place.at(key).hex(0xffff));
    };
    return {.vendor = id("vendor"),
            .device = id("device"),
            .subsystem_vendor = id("subsystem_vendor"),
            .subsystem_device = id("subsystem_device"),
            .class_code = narrow<std::uint32_t>(place.at("class").hex(0xffffff)),
            .revision = narrow<std::uint8_t>(place.at("revision").hex(0xff))};
}

LinkFacts read_link(const JsonPlace& place) {
    return {.speed = place.at("speed").text(),
            .max_speed = place.at("max_speed").text(),
            .width = narrow<unsigned>(place.at("width").number(0xff)),
            .max_width = narrow<unsigned>(place.at("max_width").number(0xff))};
}

ExpressWords read_express_words(const JsonPlace& place) {
    return {.type = static_cast<pci::PortType>(place.at("type").number(0xf)),
            .second_registers = place.at("second_registers").flag(),
            .completers = narrow<std::uint32_t>(place.at("completers").hex(0x7)),
            .routes_atomics = place.at("routes_atomics").flag(),
            .blocks_atomics = place.at("blocks_atomics").flag()};
}

BridgeFacts read_bridge(const JsonPlace& place) {
    BridgeFacts bridge{.address = read_address(place.at("address")),
                       .config = known<pci::ConfigImage>(place.at("config"), read_image),
                       .driver = known<std::string>(place.at("driver"), read_text)};
    if (place.has("words")) bridge.words = read_express_words(place.at("words"));
    return bridge;
}

PhysicalFunctionFacts read_physical_function(const JsonPlace& place) {
    return {.address = read_address(place.at("address")),
            .config = known<pci::ConfigImage>(place.at("config"), read_image)};
}

// Of a fact that captures of before lack.
template <typename T, typename Read>
Known<T> find(const JsonPlace& place, std::string_view key, Read read) {
    if (!place.has(key)) return Unknown{"the capture does not tell"};
    return known<T>(place.at(key), read);
}

PasidFacts read_pasid(const JsonPlace& place) {
    return {.width = narrow<unsigned>(place.at("width").number(20)),
            .execute = place.at("execute").flag(),
            .privileged = place.at("privileged").flag()};
}

VtdFacts read_vtd(const JsonPlace& place) {
    return {.capability = place.at("capability").hex(),
            .extended_capability = place.at("extended_capability").hex()};
}

IovaRange read_range(const JsonPlace& place) {
    const IovaRange range{.first = place.at("first").hex(), .last = place.at("last").hex()};
    if (range.first > range.last) place.wrong("ends before it begins");
    return range;
}

IommuFacts read_iommu(const JsonPlace& place) {
    IommuFacts facts;
    facts.pasid = known<PasidFacts>(place.at("pasid"), read_pasid);
    facts.ats = known<bool>(place.at("ats"), read_flag);
    facts.dirty_tracking = known<bool>(place.at("dirty_tracking"), read_flag);
    facts.kind = known<std::uint32_t>(place.at("kind"), [](const JsonPlace& kind) {
        return narrow<std::uint32_t>(kind.number(word32));
    });
    facts.page_sizes = known<std::uint64_t>(place.at("page_sizes"),
                                            [](const JsonPlace& sizes) { return sizes.hex(); });
    facts.vtd = find<VtdFacts>(place, "vtd", read_vtd);
    facts.iova = known<std::vector<IovaRange>>(place.at("iova"), [](const JsonPlace& ranges) {
        return read_each<IovaRange>(ranges, most_ranges, read_range);
    });
    return facts;
}

Origin read_origin(const JsonPlace& place) {
    const auto origin = place.text();
    if (origin == "dump") return Origin::File;
    if (origin != "live" && origin != "copy")
        place.wrong("is none of \"live\", \"copy\" and \"dump\"");
    return Origin::Capture;
}

int read_node(const JsonPlace& place) {
    return static_cast<int>(place.number_between(-1, std::numeric_limits<std::int16_t>::max()));
}

DeviceFacts read_function(const JsonPlace& place, std::string_view file) {
    DeviceFacts facts{std::string{file}, read_origin(place.at("origin"))};
    facts.address = known<pci::Address>(place.at("address"), read_address);
    facts.physical = known<pci::ConfigImage>(place.at("physical"), read_image);
    facts.vfio = known<VfioFacts>(place.at("vfio"), read_vfio);
    facts.resources = known<Resources>(place.at("resources"), read_resources);
    facts.group = known<GroupFacts>(place.at("group"), read_group);
    facts.driver = known<std::string>(place.at("driver"), read_text);
    facts.nodes = known<VfioNodes>(place.at("nodes"), read_nodes);
    facts.virtual_function = known<bool>(place.at("virtual_function"), read_flag);
    facts.physical_function =
        find<PhysicalFunctionFacts>(place, "physical_function", read_physical_function);
    facts.numa_node = known<int>(place.at("numa_node"), read_node);
    facts.kernel = known<std::string>(place.at("kernel"), read_text);
    facts.identity = known<Identity>(place.at("identity"), read_identity);
    facts.has_iommu = known<bool>(place.at("has_iommu"), read_flag);
    facts.link = known<LinkFacts>(place.at("link"), read_link);
    facts.reset_methods =
        known<std::vector<std::string>>(place.at("reset_methods"), [](const JsonPlace& methods) {
            return read_each<std::string>(methods, most_methods, read_text);
        });
    facts.path = known<std::vector<BridgeFacts>>(place.at("path"), [](const JsonPlace& path) {
        return read_each<BridgeFacts>(path, most_bridges, read_bridge);
    });
    facts.bus_neighbours = find<std::vector<GroupMember>>(place, "bus_neighbours", read_members);
    facts.iommu = read_iommu(place.at("iommu"));
    facts.atomics = known<std::uint32_t>(place.at("atomics"), read_mask);
    facts.line = find<LineFacts>(place, "line", read_line);
    facts.uses = find<std::vector<Use>>(place, "uses", read_uses);
    return facts;
}

// Says what the document is instead of a capture, if that can be told.
void check_kind(const JsonPlace& root) {
    if (root.has("ports")) {
        root.wrong(
            "is what tenon plan --json prints, not a capture: tenon capture makes one. "
            "A plan is for tenon diff, which reads it from a regular file");
    } else if (root.at("format").text() != "tenon-capture") {
        root.at("format").wrong("is not \"tenon-capture\"");
    } else if (root.at("version").number() != 1) {
        root.at("version").wrong("is not 1, the version that this program reads");
    }
}

}  // namespace

Result<std::vector<DeviceFacts>> read_captures(std::string_view text, std::string_view file) {
    TENON_TRY(document, JsonDocument::parse(text, file, document_limits), "");
    const JsonPlace root{document};
    check_kind(root);
    std::vector<DeviceFacts> functions;
    if (!document.mistake())
        for (const auto& place : root.at("functions").items(most_functions)) {
            functions.push_back(read_function(place, file));
            if (document.mistake()) break;
        }
    if (!document.mistake() && functions.empty())
        root.at("functions").wrong("has no function in it");
    if (document.mistake()) return std::unexpected(*document.mistake());
    return functions;
}

std::string_view without_mark(std::string_view content) {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    return content.starts_with(mark) ? content.substr(mark.size()) : content;
}

bool is_json(std::string_view content) { return trimmed(content).starts_with('{'); }

}  // namespace tenon::capture

#include "library/stated_facts.hpp"

#include "base/text.hpp"
#include "device/atomic_widths.hpp"

namespace tenon::library {
namespace {

Result<std::uint32_t> parse_atomics(std::string_view of, std::string_view value) {
    if (value == "none") return 0;
    auto widths = device::parse_widths(value);
    if (!widths)
        return malformed("{}: host-atomics={}: {}, or none", of, value, widths.error().what);
    return *widths;
}

Result<Known<bool>> parse_ats(std::string_view of, std::string_view value) {
    if (value == "supported") return Known<bool>{true};
    if (value == "unsupported") return Known<bool>{false};
    if (value == "unknown") return Known<bool>{Unknown{"stated as unknown"}};
    return malformed("{}: host-ats={}: known are supported, unsupported, unknown", of, value);
}

Result<device::PasidFacts> parse_pasid(std::string_view of, std::string_view value) {
    if (value == "none") return device::PasidFacts{};
    const auto parts = split(value, '+');
    const auto width = parse_number(parts.front());
    if (!width || *width == 0 || *width > 20)
        return malformed("{}: host-pasid={}: a width is 1 to 20 bits, or none", of, value);
    device::PasidFacts pasid{.width = static_cast<unsigned>(*width)};
    for (std::size_t n = 1; n < parts.size(); ++n) {
        if (parts[n] != "exec" && parts[n] != "priv")
            return malformed("{}: host-pasid={}: known after the width are +exec, +priv", of,
                             value);
        (parts[n] == "exec" ? pasid.execute : pasid.privileged) = true;
    }
    return pasid;
}

Result<void> check_lacking(const device::DeviceFacts& facts, std::string_view key, bool known) {
    if (facts.origin == device::Origin::Live)
        return malformed("{}: {}= is for files that lack the fact; this host answers for itself",
                         facts.source, key);
    if (known) return malformed("{}: {}= is given, but the capture knows it", facts.source, key);
    return {};
}

}  // namespace

bool is_stated_fact(std::string_view key) { return key.starts_with("host-"); }

Result<void> state_fact(StatedFacts& stated, std::string_view of, std::string_view key,
                        std::string_view value) {
    if (key == "host-atomics") {
        TENON_TRY(atomics, parse_atomics(of, value), "");
        stated.atomics = atomics;
    } else if (key == "host-ats") {
        TENON_TRY(ats, parse_ats(of, value), "");
        stated.ats = ats;
    } else {
        TENON_TRY(pasid, parse_pasid(of, value), "");
        stated.pasid = pasid;
    }
    return {};
}

Result<void> apply_stated(const StatedFacts& stated, device::DeviceFacts& facts) {
    if (stated.atomics) {
        TENON_TRY_DO(check_lacking(facts, "host-atomics", bool{facts.atomics}), "");
        facts.atomics = *stated.atomics;
    }
    if (stated.ats) {
        TENON_TRY_DO(check_lacking(facts, "host-ats", bool{facts.iommu.ats}), "");
        facts.iommu.ats = *stated.ats;
    }
    if (stated.pasid) {
        TENON_TRY_DO(check_lacking(facts, "host-pasid", bool{facts.iommu.pasid}), "");
        facts.iommu.pasid = *stated.pasid;
    }
    return {};
}

}  // namespace tenon::library

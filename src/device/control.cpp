#include "device/control.hpp"

namespace tenon::device {
namespace {

constexpr std::string_view no_domains =
    "VFIO's groups in one container: no domains for an IOMMU of the guest";

}  // namespace

Result<void> DeviceControl::attach(Domain* /*domain*/) {
    return fail(Error::Kind::Unsupported, "{}", no_domains);
}

Result<void> DeviceControl::block() { return fail(Error::Kind::Unsupported, "{}", no_domains); }

Result<void> DeviceControl::attach_pasid(std::uint32_t pasid, Domain* /*domain*/) {
    return fail(Error::Kind::Unsupported, "PASID {}: the host attaches none of this function",
                pasid);
}

Result<void> DeviceControl::detach_pasid(std::uint32_t pasid) {
    return attach_pasid(pasid, nullptr);
}

Result<std::unique_ptr<Domain>> AddressSpace::make_domain() {
    return fail(Error::Kind::Unsupported, "{}", no_domains);
}

Result<std::unique_ptr<Domain>> AddressSpace::make_nested(const FirstStageTables& /*tables*/) {
    return fail(Error::Kind::Unsupported, "VFIO's groups: the host walks no tables of a guest");
}

Result<void> Domain::invalidate(Iova /*first*/, Iova /*last*/) {
    return fail(Error::Kind::Unsupported, "a domain that follows no tables has nothing cached");
}

}  // namespace tenon::device

// A host that carries out what a remapping unit asks for, with the kernel's rules, and knows at any
// moment what each device reaches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/iommu/effect.hpp"

namespace tenon::support {

/// Where an address of a device leads.
struct Reached {
    std::uint64_t address = 0;
    model::iommu::Permissions allowed;

    auto operator<=>(const Reached&) const = default;
};

/// Domains, devices, and all that the unit said.
class IommuHost {
public:
    /// Carries out `effects` in their order; `after_each`, if any, is called behind each.
    void carry_out(const model::iommu::Effects& effects,
                   const std::function<void()>& after_each = {});

    /// Where `iova` leads a device, or one of its PASIDs. `identity`: what it leads to where
    /// addresses are those of guest memory.
    std::optional<Reached> reach(model::iommu::DeviceId device, std::optional<std::uint32_t> pasid,
                                 std::uint64_t iova, std::optional<Reached> identity) const;

    /// Where the host walks the guest's tables, and which of them it was told to forget.
    std::map<model::iommu::DomainId, model::iommu::FirstStage> nested;
    std::vector<model::iommu::effect::InvalidateNested> forgotten;
    using Areas = std::map<std::uint64_t, model::iommu::Extent>;
    std::map<model::iommu::DomainId, Areas> domains;
    std::map<model::iommu::DeviceId, model::iommu::Target> devices;
    std::map<std::pair<model::iommu::DeviceId, std::uint32_t>, model::iommu::Target> pasids;
    std::vector<model::iommu::Message> messages;
    std::vector<model::iommu::Fault> faults;
    std::vector<model::iommu::effect::ResolveInterrupts> resolved;
    std::map<std::uint64_t, std::uint32_t> status;
    std::size_t statuses = 0;  ///< That were written.
    /// What a kernel would have refused, in words.
    std::vector<std::string> wrong;

private:
    void apply(const model::iommu::effect::MakeDomain& what);
    void apply(const model::iommu::effect::MakeNested& what);
    void apply(const model::iommu::effect::InvalidateNested& what);
    void apply(const model::iommu::effect::DropDomain& what);
    void apply(const model::iommu::effect::Unmap& what);
    void apply(const model::iommu::effect::Map& what);
    void apply(const model::iommu::effect::MoveDevice& what);
    void apply(const model::iommu::effect::AttachPasid& what);
    void apply(const model::iommu::effect::DetachPasid& what);
    void apply(const model::iommu::effect::ResolveInterrupts& what) { resolved.push_back(what); }
    void apply(const model::iommu::effect::SendMessage& what) { messages.push_back(what.message); }
    void apply(const model::iommu::effect::FaultRecorded& what) { faults.push_back(what.fault); }
    void apply(const model::iommu::effect::WriteStatus& what) {
        status[what.at.value()] = what.data;
        ++statuses;
    }
    void check(const model::iommu::Target& target);
};

}  // namespace tenon::support

// What is chosen of the guest's IOMMU: the value of --viommu.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tenon::model::chosen {

/// Which tables the guest's IOMMU takes.
enum class ViommuMode {
    Auto,      ///< Nested ones where the host nests, else scalable ones where it attaches PASIDs.
    Legacy,    ///< Root and context entries that name second-stage tables.
    Scalable,  ///< PASID tables that do.
    Nested,    ///< First-stage tables, which the host's IOMMU walks itself.
};

/// "auto", "legacy", "scalable", "nested".
std::string_view name_of(ViommuMode mode);

/// `vtd[,mode=…][,pasid=WIDTH][,intremap=on|off][,aw=39|48]`: an IOMMU that is there.
struct VtdRequest {
    std::optional<ViommuMode> mode;
    std::optional<bool> interrupt_remapping;
    std::optional<unsigned> address_width;  ///< Bits, 39 or 48.
    std::optional<unsigned> pasid_width;    ///< Bits, 0 (none) to 20, at most.

    bool operator==(const VtdRequest&) const = default;
};

/// What a user says of it.
struct ViommuRequest {
    unsigned pasid_width = 0;       ///< `pasid=WIDTH`, said of a machine that others build; 0: not.
    std::optional<VtdRequest> vtd;  ///< None: the guest has none.

    bool operator==(const ViommuRequest&) const = default;
};

}  // namespace tenon::model::chosen

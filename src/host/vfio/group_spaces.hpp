// The address spaces of a machine whose guest has an IOMMU, by the group interface: a container is
// one space, and a group can leave it only when its devices are closed. So each group has a
// container of its own, whose contents are replaced when the guest leads it elsewhere.
//
//     guest memory, BARs ─▶ ┌─────────────┐ ─all of it─────────▶ container of a group that passes
//     domains ─────────────▶│ GroupSpaces │ ─what is mapped────▶ container of a group in a domain
//                           └─────────────┘ ─nothing───────────▶ container of one that is blocked
//
// Memory is pinned, and counted as locked, once for each container that has it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "base/mutex.hpp"
#include "device/control.hpp"
#include "host/kernel.hpp"
#include "host/paths.hpp"
#include "host/vfio/container.hpp"

namespace tenon::host::vfio {

class GroupDomain;

/// Guest memory for all groups, and the domains over it. Thread-safe.
class GroupSpaces final : public device::AddressSpace,
                          public std::enable_shared_from_this<GroupSpaces> {
public:
    /// Errors: as Container::open(), which is tried.
    static Result<std::shared_ptr<GroupSpaces>> create(Kernel& kernel, const HostPaths& paths);

    /// A container for a group to join, with all that is mapped; it is known here as long as
    /// somebody has it.
    /// Errors: as Container::open().
    Result<std::shared_ptr<Container>> make_container() TENON_EXCLUDES(mutex_);

    /// The container has what `domain` maps from now on; null: what all have. What both have stays.
    /// Errors: of the kernel, or a domain of others; it then has nothing, or block() is to be
    /// tried.
    Result<void> attach(Container& container, device::Domain* domain) TENON_EXCLUDES(mutex_);

    /// The container has nothing from now on.
    /// Errors: errno of the kernel; what is left is not known.
    Result<void> block(Container& container) TENON_EXCLUDES(mutex_);

    Result<void> map(Iova at, const device::DmaMemory& memory) override TENON_EXCLUDES(mutex_);
    device::BarMaps bar_maps() const override { return device::BarMaps::ByAddress; }
    Result<void> map_bar(Iova at, const device::DmaMemory& bar) override TENON_EXCLUDES(mutex_);
    Result<void> unmap(Iova at, std::uint64_t size) override TENON_EXCLUDES(mutex_);
    Result<std::unique_ptr<device::Domain>> make_domain() override;

private:
    friend class GroupDomain;

    // What a container is to have: what all have, nothing, or what a domain maps.
    struct Everything {
        bool operator==(const Everything&) const = default;
    };
    struct Nothing {
        bool operator==(const Nothing&) const = default;
    };
    using Contents = std::variant<Everything, Nothing, const GroupDomain*>;
    struct Seat {
        std::weak_ptr<Container> container;
        Contents has;
    };
    using Step = std::function<Result<void>(Container&)>;

    GroupSpaces(Kernel& kernel, HostPaths paths) : kernel_{kernel}, paths_{std::move(paths)} {}

    Seat& seat_of(const Container& container) TENON_REQUIRES(mutex_);
    Result<void> fill(Container& container, const DmaMaps& maps, Contents contents)
        TENON_REQUIRES(mutex_);
    Result<void> map_in(const Contents& contents, Iova at, std::uint64_t size, const Step& step)
        TENON_REQUIRES(mutex_);
    Result<void> unmap_in(const Contents& contents, Iova at, std::uint64_t size)
        TENON_REQUIRES(mutex_);
    std::vector<std::shared_ptr<Container>> with(const Contents& contents) TENON_REQUIRES(mutex_);

    Result<void> map(GroupDomain& domain, Iova at, Iova from, std::uint64_t size,
                     device::DmaRights rights) TENON_EXCLUDES(mutex_);
    Result<void> unmap(GroupDomain& domain, Iova at, std::uint64_t size) TENON_EXCLUDES(mutex_);
    void forget(const GroupDomain& domain) TENON_EXCLUDES(mutex_);

    Kernel& kernel_;
    const HostPaths paths_;
    Mutex mutex_;
    DmaMaps maps_ TENON_GUARDED_BY(mutex_);  ///< What a container has that has everything.
    std::vector<Seat> seats_ TENON_GUARDED_BY(mutex_);
};

/// What a domain maps. The containers of its devices have it in the kernel.
class GroupDomain final : public device::Domain {
public:
    explicit GroupDomain(std::shared_ptr<GroupSpaces> spaces) : spaces_{std::move(spaces)} {}
    ~GroupDomain() override { spaces_->forget(*this); }

    Result<void> map(Iova at, Iova from, std::uint64_t size, device::DmaRights rights) override {
        return spaces_->map(*this, at, from, size, rights);
    }
    Result<void> unmap(Iova at, std::uint64_t size) override {
        return spaces_->unmap(*this, at, size);
    }

private:
    friend class GroupSpaces;

    std::shared_ptr<GroupSpaces> spaces_;
    DmaMaps maps_;  ///< Under the lock of `spaces_`.
};

}  // namespace tenon::host::vfio

#include "tests/support/iommu_guest.hpp"

#include <fmt/core.h>

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "model/iommu/remapping_unit.hpp"
#include "tests/support/guest_tables.hpp"
#include "tests/support/iommu_host.hpp"
#include "tests/support/iommu_reference.hpp"

namespace tenon::support {
namespace {

using namespace model::iommu;

constexpr std::array<SourceId, 3> sources{0x0100, 0x0181, 0x0200};
constexpr std::array<std::optional<std::uint32_t>, 3> callers{std::nullopt, 1, 70};

UnitShape shape_of(bool scalable) {
    const UnitRequest request{.mode = scalable ? TableMode::Scalable : TableMode::Legacy,
                              .pasid_width = scalable ? 10u : 0u,
                              .memory_bits = 40};
    return design_unit({.pasid_width = 20}, request).value().shape;
}

std::vector<DmaRegion> memory_regions() {
    constexpr Permissions both{.read = true, .write = true};
    return {{GuestAddress{0}, 0x8000'0000, both},
            {GuestAddress{0x9000'0000}, 0x10'0000, {.read = true}},
            {GuestAddress{0x1'0000'0000}, 0x1'0000'0000, both}};
}

/// Addresses that the guest maps and the judge looks at.
constexpr std::array<std::uint64_t, 20> looked_at{
    0x0,         0x1000,      0x2000,      0x3000,      0x7000,      0x1f'f000,     0x20'0000,
    0x20'1000,   0x3f'f000,   0x40'0000,   0x4000'0000, 0x4000'1000, 0x4020'0000,   0x403f'f000,
    0x7fff'f000, 0xfedf'f000, 0xfee0'0000, 0xfeef'f000, 0xfef0'0000, 0x7f'ffff'f000};

/// What each device and PASID reaches at each address.
using Reach = std::vector<std::optional<Reached>>;

UnitLimits limits_of(AreaSize areas) {
    const ShadowLimits shadow{
        .walk = {.tables = 2000, .extents = 2000}, .mappings = 2000, .pasids = 64, .areas = areas};
    return {.shadow = shadow, .work = 1000};
}

class Scene {
public:
    explicit Scene(bool scalable, AreaSize areas)
        : scalable_{scalable}, unit{shape_of(scalable), tables, limits_of(areas)} {
        reference.memory_bits = 40;
        reference.regions = memory_regions();
        host.carry_out(unit.set_regions(DmaRegions{memory_regions()}));
        for (std::size_t n = 0; n < sources.size(); ++n)
            host.carry_out(unit.add(DeviceId{n}, sources.at(n)));
    }

    Reach expected() const {
        Reach all;
        for (const auto source : sources)
            for (const auto pasid : callers)
                for (const auto iova : looked_at)
                    all.push_back(reference_reach(tables, reference, source, pasid, iova));
        return all;
    }

    Reach found() const {
        Reach all;
        for (std::size_t n = 0; n < sources.size(); ++n)
            for (const auto pasid : callers)
                for (const auto iova : looked_at)
                    all.push_back(
                        host.reach(DeviceId{n}, pasid, iova, reference_memory(reference, iova)));
        return all;
    }

    void write(std::uint64_t offset, std::uint64_t value, std::uint8_t size = 8) {
        run(unit.write(offset, size, value));
        while (unit.busy())
            run(unit.go_on());
    }

    /// Carries out; nothing between may reach more than before or after.
    void run(const Effects& effects) {
        count(effects);
        host.carry_out(effects, [this] {
            if (!misdeed.empty() || after.empty()) return;
            const auto now = found();
            if (host.statuses != std::exchange(statuses_, host.statuses) && now != after)
                misdeed = "a wait ends before all is done";
            for (std::size_t n = 0; n < now.size(); ++n)
                if (now[n] && now[n] != before[n] && now[n] != between[n] && now[n] != after[n])
                    misdeed = fmt::format("address {} reaches {:x} meanwhile", n, now[n]->address);
        });
        if (misdeed.empty() && !host.wrong.empty()) misdeed = host.wrong.front();
    }

    GuestStory story(std::string what) const {
        return {.misdeed = std::move(what),
                .mapped = mapped_,
                .moved = moved_,
                .faults = host.faults.size()};
    }

    bool scalable_;
    GuestTables tables;
    RemappingUnit unit;
    IommuHost host;
    ReferenceUnit reference;
    Reach before;
    Reach between;
    Reach after;
    std::string misdeed;

private:
    void count(const Effects& effects) {
        for (const auto& one : effects) {
            const auto* device = std::get_if<effect::MoveDevice>(&one);
            const auto* pasid = std::get_if<effect::AttachPasid>(&one);
            if (std::holds_alternative<effect::Map>(one)) ++mapped_;
            if ((device != nullptr && std::holds_alternative<DomainId>(device->to)) ||
                (pasid != nullptr && std::holds_alternative<DomainId>(pasid->to)))
                ++moved_;
        }
    }

    std::size_t statuses_ = 0;
    std::size_t mapped_ = 0;
    std::size_t moved_ = 0;
};

/// Software that keeps to the rules.
class OrderlyGuest {
public:
    OrderlyGuest(ByteSource& bytes, Scene& scene) : bytes_{bytes}, scene_{scene} {
        auto& tables = scene_.tables;
        root_ = tables.page();
        for (auto& table : page_tables_)
            table = tables.page();
        for (const auto source : sources)
            add_context(source);
        queue_ = tables.page();
        tables.put(queue_ + 0xff8, 0);
        status_ = tables.page();
        scene_.write(at::queue_address, queue_ | (scene_.scalable_ ? 0x800u : 0u));
        scene_.write(at::root_table, root_ | (scene_.scalable_ ? 0x400u : 0u));
        once(global::root_table);
        scene_.reference.root_table = root_ | (scene_.scalable_ ? 0x400u : 0u);
        turn(global::queue, true);
    }

    // Changes of page tables, then of who uses them; what tells of each, in any order; a wait.
    // Until then a device may be where it was and see pages as they are now.
    void step() {
        scene_.before = scene_.expected();
        const auto toggles = bytes_.below(scene_.reference.translation ? 16 : 3) == 0;
        for (auto n = bytes_.below(4); !toggles && n > 0; --n)
            map();
        scene_.between = scene_.expected();
        for (auto n = bytes_.below(3); !toggles && n > 0; --n)
            move();
        if (toggles) scene_.reference.translation = !scene_.reference.translation;
        scene_.after = scene_.expected();
        while (!told_.empty())
            push_one_of_told();
        if (toggles) turn(global::translation, scene_.reference.translation);
        if (bytes_.below(4) == 0) push(2 | 1 << 4);  // All translations, for no reason.
        wait();
        if (scene_.misdeed.empty() && scene_.host.status[status_] != mark_)
            scene_.misdeed = "the wait does not end";
        if (scene_.misdeed.empty() && scene_.found() != scene_.after)
            scene_.misdeed = "after a wait, devices reach what the tables do not say";
    }

private:
    static std::uint64_t domain_of(std::size_t table) { return 10 + table; }

    void once(std::uint32_t bit) { scene_.write(at::global_command, bit | level_, 4); }

    void turn(std::uint32_t bit, bool on) {
        level_ = on ? level_ | bit : level_ & ~bit;
        once(0);
    }

    void add_context(SourceId source) {
        auto& tables = scene_.tables;
        const std::uint64_t entry =
            root_ + source / 256 * 16ull + (scene_.scalable_ && source % 256 >= 128 ? 8 : 0);
        if (tables.get(entry) == 0) tables.put(entry, tables.page() | 1);
        const auto contexts = tables.get(entry) & ~0xfffull;
        if (!scene_.scalable_) {
            contexts_[source] = contexts + source % 256 * 16ull;
            return;
        }
        // A directory of 128 entries, the first two of which are there; PASIDs are on.
        const auto directory = tables.page();
        tables.put(directory, tables.page() | 1);
        tables.put(directory + 8, tables.page() | 1);
        tables.put(contexts + source % 128 * 32ull, directory | 8 | 1);
        contexts_[source] = directory;
    }

    // Another page, of any size, or none.
    void map() {
        auto& tables = scene_.tables;
        const auto which = bytes_.below(page_tables_.size());
        const auto root = page_tables_.at(which);
        const auto iova = looked_at.at(bytes_.below(looked_at.size()));
        const unsigned level = bytes_.below(4) == 0 ? 2 : 1;
        constexpr std::array<std::uint64_t, 8> places{0x20'0000,   0x5000'0000,    0x8000'0000,
                                                      0x9000'0000, 0x1'0000'0000,  0x1'4000'0000,
                                                      0xfee0'0000, 0x100'0000'0000};
        const auto flags = bytes_.below(4);
        auto entry = places.at(bytes_.below(places.size())) | flags;
        if (level == 1) entry += bytes_.below(4) * 0x1000;
        if (bytes_.below(16) == 0) entry |= 1ull << 62;
        // Tables below a large page that was there are new ones.
        const auto above = tables.entry(root, levels, 2, iova);
        const bool splits = level == 1 && (tables.get(above) & 0x80) != 0;
        if (splits) tables.put(above, 0);
        const auto at = tables.entry(root, levels, level, iova);
        const bool limits = level == 1 && bytes_.below(6) == 0;
        if (limits) tables.put(above, (tables.get(above) & ~3ull) | (1 + bytes_.below(3)));
        tables.put(at, level == 2 ? entry | 0x80 : entry);
        const std::uint64_t mask =
            level == 2 || splits || limits || bytes_.below(2) == 0 ? 9 : bytes_.below(3);
        if (bytes_.below(8) == 0)
            push(2 | 2 << 4 | domain_of(which) << 16);
        else
            push(2 | 3 << 4 | domain_of(which) << 16, (iova & ~0xfffull) | mask);
    }

    // A device, or one of its PASIDs, to another table, to identity or away.
    void move() {
        auto& tables = scene_.tables;
        const auto source = sources.at(bytes_.below(sources.size()));
        const auto which = bytes_.below(page_tables_.size() + 2);
        const bool paged = which < page_tables_.size();
        const auto root = paged ? page_tables_.at(which) : 0;
        const std::uint64_t domain = paged ? domain_of(which) : 2;
        const bool present = which != page_tables_.size();
        if (!scene_.scalable_) {
            const auto at = contexts_.at(source);
            tables.put(at, 0);
            tables.put(at + 8, domain << 8 | (levels - 2));
            tables.put(at, present ? root | (paged ? 0u : 2u << 2) | 1 : 0);
            told_.push_back({{1 | 3 << 4 | static_cast<std::uint64_t>(source) << 32, 0},
                             {2 | 2 << 4 | domain << 16, 0}});
            return;
        }
        const std::uint64_t pasid = callers.at(bytes_.below(callers.size())).value_or(0);
        const auto table = tables.get(contexts_.at(source) + pasid / 64 * 8ull) & ~0xfffull;
        const auto at = table + pasid % 64 * 64ull;
        tables.put(at + 8, domain);
        tables.put(at, present ? root | (paged ? 2u : 4u) << 6 | (levels - 2) << 2 | 1 : 0);
        told_.push_back(
            {{7 | 1 << 4 | domain << 16 | pasid << 32, 0}, {2 | 2 << 4 | domain << 16, 0}});
    }

    void push_one_of_told() {
        const auto which = told_.begin() + static_cast<std::ptrdiff_t>(bytes_.below(told_.size()));
        for (const auto& [low, high] : *which)
            push(low, high);
        told_.erase(which);
    }

    void push(std::uint64_t low, std::uint64_t high = 0) {
        const std::uint64_t step = scene_.scalable_ ? 32 : 16;
        scene_.tables.put(queue_ + tail_, low);
        scene_.tables.put(queue_ + tail_ + 8, high);
        if (scene_.scalable_) scene_.tables.put(queue_ + tail_ + 16, 0);
        if (scene_.scalable_) scene_.tables.put(queue_ + tail_ + 24, 0);
        tail_ = (tail_ + step) % 0x1000;
    }

    void wait() {
        push(static_cast<std::uint64_t>(++mark_) << 32 | 1 << 5 | 5, status_);
        scene_.write(at::queue_tail, tail_);
    }

    static constexpr unsigned levels = 3;
    ByteSource& bytes_;
    Scene& scene_;
    std::uint64_t root_ = 0;
    std::array<std::uint64_t, 3> page_tables_{};
    std::map<SourceId, std::uint64_t> contexts_;  ///< Its entry; if scalable, its directory.
    std::uint64_t queue_ = 0;
    std::uint64_t status_ = 0;
    std::uint64_t tail_ = 0;
    /// Descriptors that stay together.
    std::vector<std::vector<std::pair<std::uint64_t, std::uint64_t>>> told_;
    std::uint32_t mark_ = 0;
    std::uint32_t level_ = 0;
};

/// What no guest can bring about.
std::string misdeed_of(const Scene& scene) {
    if (!scene.misdeed.empty()) return scene.misdeed;
    for (const auto& [id, areas] : scene.host.domains) {
        for (const auto& [iova, extent] : areas) {
            const auto first = reference_memory(scene.reference, extent.address.value());
            const auto last =
                reference_memory(scene.reference, extent.address.value() + extent.size - 1);
            if (!first || !last) return "a device reaches what is no memory";
            if ((extent.allowed.write && !first->allowed.write) || extent.range().last >> 48 != 0)
                return "a device may write what is read-only, or has too many addresses";
        }
    }
    return {};
}

}  // namespace

GuestStory run_orderly_guest(ByteSource& bytes) {
    const bool scalable = bytes.below(2) != 0;
    constexpr std::array sizes{AreaSize::Entry, AreaSize::Pages, AreaSize::Invalidation};
    Scene scene{scalable, sizes.at(bytes.below(sizes.size()))};
    OrderlyGuest guest{bytes, scene};
    while (!bytes.empty() && scene.misdeed.empty())
        guest.step();
    return scene.story(misdeed_of(scene));
}

GuestStory run_hostile_guest(ByteSource& bytes) {
    const bool scalable = bytes.below(2) != 0;
    Scene scene{scalable, AreaSize::Pages};
    auto& tables = scene.tables;
    // Few pages, so that tables meet each other.
    const auto first = tables.page();
    for (int n = 0; n < 7; ++n)
        tables.page();
    const auto word = [&]() -> std::uint64_t {
        const std::uint64_t near = first + bytes.below(9) * 0x1000;
        switch (bytes.below(8)) {
            case 0:
                return bytes.next32();
            case 1:
                return static_cast<std::uint64_t>(bytes.next32()) << 32 | bytes.next32();
            case 2:
                return near | bytes.below(0x1000);
            case 3:
                return near | 2u << 6 | (bytes.below(2) + 1) << 2 | 1;  // A PASID entry.
            case 4:
            case 5:
                return bytes.below(2) + 1;  // A width.
            default:
                return near | (bytes.below(4) == 0 ? 3 : 1);
        }
    };
    // Software has begun well.
    scene.write(at::root_table, first | (scalable ? 0x400u : 0u));
    scene.write(at::queue_address, (first + 0x1000) | (scalable ? 0x800u : 0u));
    scene.write(at::interrupt_table, first + 0x2000);
    scene.write(at::global_command, global::root_table | global::interrupt_table, 4);
    for (const auto bus : std::initializer_list<std::uint64_t>{1, 2})
        for (const auto half : std::initializer_list<std::uint64_t>{0, 8})
            tables.put(first + bus * 16ull + (scalable ? half : 0), (first + bus * 0x1000) | 1);
    while (!bytes.empty() && scene.misdeed.empty()) {
        const auto size = static_cast<std::uint8_t>(bytes.below(4) == 0   ? bytes.below(16)
                                                    : bytes.below(2) == 0 ? 4
                                                                          : 8);
        const auto offset = bytes.below(8) == 0 ? bytes.next32() : bytes.below(0xa8) * 4;
        switch (bytes.below(8)) {
            case 0:
                scene.unit.read(offset, size);
                break;
            case 1:
                scene.write(offset, word(), size);
                break;
            case 2:
                scene.write(at::global_command,
                            bytes.next32() | global::root_table | global::translation, 4);
                break;
            case 3:
                scene.write(at::queue_tail, bytes.below(0x100) * 16ull);
                break;
            case 4: {
                const Message message{0xfee0'0000 | bytes.next32() % 0x10'0000, bytes.next32()};
                scene.run(scene.unit.send(sources.at(bytes.below(3)), message).effects);
                break;
            }
            case 5: {
                const DeviceId device{bytes.below(3)};
                scene.run(bytes.below(2) == 0 ? scene.unit.refused(device)
                                              : scene.unit.refused(DomainId{bytes.below(32)}));
                break;
            }
            default:
                for (auto n = bytes.below(8) + 1; n > 0; --n) {
                    // The root table seldom.
                    const auto page = bytes.below(16) == 0 ? 0 : 1 + bytes.below(7);
                    const auto entry = bytes.below(bytes.below(8) == 0 ? 512 : 8);
                    tables.put(first + page * 0x1000 + entry * 8ull, word());
                }
        }
    }
    const auto misdeed = misdeed_of(scene);
    if (!misdeed.empty()) return scene.story(misdeed);
    scene.run(scene.unit.reset());
    if (!scene.host.domains.empty() || !scene.host.pasids.empty())
        return scene.story("a reset leaves domains");
    for (std::size_t n = 0; n < sources.size(); ++n)
        if (scene.host.devices.at(DeviceId{n}) != Target{Identity{}})
            return scene.story("after a reset a device is not at identity");
    for (std::size_t n = 0; n < sources.size(); ++n)
        scene.run(scene.unit.remove(DeviceId{n}));
    return scene.story(scene.misdeed);
}

}  // namespace tenon::support

#include "managed/guest/tree.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "base/text.hpp"

namespace tenon::managed::guest {
namespace {

using said::Configuration;
using said::Form;
using said::Option;

constexpr unsigned slots = 32;

struct SlotAndFunction {
    unsigned slot = 0;
    unsigned function = 0;
};

// In JSON a number is slot and function in one; else both are hex, with or without 0x.
std::optional<SlotAndFunction> parse_address(const said::Value& value) {
    if (value.kind == said::ValueKind::Number) {
        const auto devfn = said::parse_number(value.text);
        if (!devfn || *devfn > 0xff) return std::nullopt;
        return SlotAndFunction{.slot = static_cast<unsigned>(*devfn >> 3),
                               .function = static_cast<unsigned>(*devfn & 7)};
    }
    const auto hex = [](std::string_view text) {
        if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
        return parse_hex(text);
    };
    const auto parts = split(value.text, '.');
    const auto slot = hex(parts[0]);
    const auto function = parts.size() > 1 ? hex(parts[1]) : 0;
    if (parts.size() > 2 || !slot || !function || *slot >= slots || *function > 7)
        return std::nullopt;
    return SlotAndFunction{.slot = static_cast<unsigned>(*slot),
                           .function = static_cast<unsigned>(*function)};
}

class Builder {
public:
    explicit Builder(const Configuration& configuration) : from_{configuration} {}

    Tree build() {
        add_board();
        // Every one that is not in JSON comes first.
        for (const bool json : {false, true})
            for (std::size_t n = 0; n < from_.devices.size(); ++n)
                if ((from_.devices[n].form == Form::Json) == json) add_device(n);
        for (auto& bus : tree_.buses)
            std::ranges::sort(bus.nodes, {}, [this](std::size_t node) {
                return tree_.nodes[node].slot * 8 + tree_.nodes[node].function;
            });
        return std::move(tree_);
    }

private:
    // What the machine has before any device. Source: info pci of QEMU 11.1.
    void add_board() {
        switch (said::board_of(from_)) {
            case said::Board::Q35:
                add_bus("pcie.0", BusKind::ExpressRoot, std::nullopt);
                add_own({0, 0}, "host bridge", false);
                add_own({0x1f, 0}, "ISA bridge", true);
                add_own({0x1f, 2}, "SATA controller", true);
                add_own({0x1f, 3}, "SMBus controller", true);
                if (from_.usb)
                    for (const unsigned function : {7U, 0U, 1U, 2U})
                        add_own({0x1d, function}, "USB controller", true);
                break;
            case said::Board::Pc:
                add_bus("pci.0", BusKind::ConventionalRoot, std::nullopt);
                add_own({0, 0}, "host bridge", false);
                add_own({1, 0}, "ISA bridge", true);
                add_own({1, 1}, "IDE controller", true);
                if (from_.usb) add_own({1, 2}, "USB controller", true);
                add_own({1, 3}, "power management", true);
                break;
            case said::Board::Other:
                add_bus("pcie.0", BusKind::ExpressRoot, std::nullopt);
                add_own({0, 0}, "host bridge", false);
                return;
        }
        if (has_default_display()) add_own({lowest_free(0).value_or(1), 0}, "display", false);
        if (from_.default_devices && !from_.network_options)
            add_own({lowest_free(0).value_or(2), 0}, "network controller", false);
    }

    bool has_default_display() const {
        if (from_.vga) return from_.vga->text != "none";
        return from_.default_devices && std::ranges::none_of(from_.devices, [](const Option& one) {
                   return is_display(one.type);
               });
    }

    std::size_t add_bus(std::string name, BusKind kind, std::optional<std::size_t> above) {
        tree_.buses.push_back({.name = std::move(name), .kind = kind, .above = above});
        const auto index = tree_.buses.size() - 1;
        // The first of a name is found.
        if (!tree_.buses[index].name.empty()) by_name_.try_emplace(tree_.buses[index].name, index);
        return index;
    }

    std::size_t add_node(Node node) {
        tree_.nodes.push_back(std::move(node));
        const auto index = tree_.nodes.size() - 1;
        tree_.buses[tree_.nodes[index].bus].nodes.push_back(index);
        return index;
    }

    void add_own(SlotAndFunction at, std::string what, bool multifunction) {
        add_node({.device = std::nullopt,
                  .driver = std::move(what),
                  .bus = 0,
                  .slot = at.slot,
                  .function = at.function,
                  .multifunction = multifunction});
    }

    void add_device(std::size_t device) {
        tree_.order.push_back(device);
        const auto& option = from_.devices[device];
        const auto kind = kind_of(option.type);
        const bool placed = option.properties.find("addr") != nullptr;
        if (kind == DriverKind::NotPci) return;
        if (kind == DriverKind::Unknown && !placed) {
            tree_.unplaced.push_back(device);
            return;
        }
        const auto bus = find_bus(device, kind);
        if (!bus) return;
        if (is_expander_bus(*bus) && kind != DriverKind::RootPort &&
            kind != DriverKind::ConventionalBridge && kind != DriverKind::UpstreamPort)
            return problem(Problem::Kind::BridgesAlone, device, tree_.buses[*bus].name);
        place(device, kind, *bus);
    }

    bool is_expander_bus(std::size_t bus) const {
        const auto above = tree_.buses[bus].above;
        return above && tree_.nodes[*above].kind == DriverKind::RootExpander;
    }

    void problem(Problem::Kind kind, std::size_t device, std::string detail,
                 std::optional<std::size_t> other = std::nullopt) {
        placeless_.insert(device);
        tree_.problems.push_back(
            {.kind = kind, .device = device, .detail = std::move(detail), .other = other});
    }

    std::optional<std::size_t> find_bus(std::size_t device, DriverKind kind) {
        const auto& option = from_.devices[device];
        const auto* const said = option.properties.find("bus");
        if (said == nullptr) return first_with_room(kind);
        // A path of buses; its last part is the name of this one.
        const std::string_view path{said->text};
        const std::string name{path.substr(path.rfind('/') + 1)};
        if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
        if (kind == DriverKind::Unknown) return std::nullopt;  // Of another kind of bus, perhaps.
        const auto owner = std::ranges::find_if(
            from_.devices, [&](const Option& one) { return !name.empty() && one.id == name; });
        if (owner == from_.devices.end()) {
            problem(Problem::Kind::NoSuchBus, device, name);
            return std::nullopt;
        }
        const auto index = static_cast<std::size_t>(owner - from_.devices.begin());
        // QEMU ended there.
        if (placeless_.contains(index)) {
            placeless_.insert(device);
            return std::nullopt;
        }
        const bool later = owner->form == Form::Json && option.form != Form::Json;
        problem(later ? Problem::Kind::BusInJson : Problem::Kind::BusComesLater, device, name,
                index);
        return std::nullopt;
    }

    // Where QEMU looks first is the root; behind ports it puts what finds no room there.
    std::optional<std::size_t> first_with_room(DriverKind kind) const {
        for (std::size_t bus = 0; bus < tree_.buses.size(); ++bus) {
            const bool wanted = bus == 0 || tree_.buses[bus].kind == BusKind::Port ||
                                tree_.buses[bus].kind == BusKind::Conventional;
            if (wanted && lowest_free(bus)) return bus;
        }
        return kind == DriverKind::Unknown ? std::nullopt : std::optional<std::size_t>{0};
    }

    std::optional<unsigned> lowest_free(std::size_t bus) const {
        std::array<bool, slots> taken{};
        for (const auto node : tree_.buses[bus].nodes)
            taken[tree_.nodes[node].slot] = true;
        const auto free = std::ranges::find(taken, false);
        if (free == taken.end()) return std::nullopt;
        return static_cast<unsigned>(free - taken.begin());
    }

    void place(std::size_t device, DriverKind kind, std::size_t bus) {
        const auto& option = from_.devices[device];
        Node node{.device = device,
                  .driver = option.type,
                  .kind = kind,
                  .bus = bus,
                  .multifunction = said::is_on(from_, option, "multifunction")};
        if (const auto* const said = option.properties.find("addr")) {
            const auto address = parse_address(*said);
            if (!address) return problem(Problem::Kind::BadAddress, device, said->text);
            node.slot = address->slot;
            node.function = address->function;
            if (!check_place(device, node)) return;
        } else {
            const auto free = lowest_free(bus);
            if (!free) return problem(Problem::Kind::BusFull, device, tree_.buses[bus].name);
            node.slot = *free;
            node.automatic = true;
        }
        add_with_bus(device, std::move(node));
    }

    bool check_place(std::size_t device, const Node& node) {
        for (const auto index : tree_.buses[node.bus].nodes) {
            const auto& other = tree_.nodes[index];
            if (other.slot != node.slot) continue;
            if (other.function == node.function) {
                contested_.insert({node.bus, node.slot});
                problem(Problem::Kind::AddressTaken, device, other.driver, other.device);
                return false;
            }
            const bool alone = other.function == 0 && !other.multifunction;
            const bool first = node.function == 0 && !node.multifunction;
            if (alone || first) {
                // QEMU ended where function 0 of the others found its place taken.
                if (contested_.contains({node.bus, node.slot}))
                    placeless_.insert(device);
                else
                    problem(Problem::Kind::NotMultifunction, device, other.driver, other.device);
                return false;
            }
        }
        return true;
    }

    void add_with_bus(std::size_t device, Node node) {
        const auto& option = from_.devices[device];
        const auto kind = node.kind;
        const auto index = add_node(std::move(node));
        std::optional<BusKind> behind;
        switch (kind) {
            case DriverKind::RootPort:
            case DriverKind::DownstreamPort:
                behind = BusKind::Port;
                break;
            case DriverKind::UpstreamPort:
                behind = BusKind::SwitchInside;
                break;
            case DriverKind::ConventionalBridge:
                behind = BusKind::Conventional;
                break;
            case DriverKind::RootExpander:
                behind = BusKind::ExpressRoot;
                break;
            case DriverKind::Function:
            case DriverKind::NotPci:
            case DriverKind::Unknown:
                break;
        }
        if (behind) tree_.nodes[index].behind = add_bus(option.id, *behind, index);
    }

    const Configuration& from_;
    Tree tree_;
    std::map<std::string, std::size_t> by_name_;
    std::set<std::size_t> placeless_;  // Devices of problems, and what goes onto their buses.
    std::set<std::pair<std::size_t, unsigned>> contested_;  // Slots that somebody did not get.
};

}  // namespace

const Node* Tree::find(std::size_t device) const {
    const auto found = std::ranges::find(nodes, std::optional{device}, &Node::device);
    return found == nodes.end() ? nullptr : &*found;
}

const Node* Tree::above(const Node& node) const {
    const auto index = buses[node.bus].above;
    return index ? &nodes[*index] : nullptr;
}

bool Tree::is_found(const Node& node) const {
    const auto& bus = buses[node.bus];
    if (bus.kind == BusKind::Port && node.slot != 0) return false;
    if (node.function == 0) return true;
    return std::ranges::any_of(bus.nodes, [&](std::size_t index) {
        return nodes[index].slot == node.slot && nodes[index].function == 0;
    });
}

Tree make_tree(const Configuration& configuration) { return Builder{configuration}.build(); }

std::string slot_text(const Node& node) {
    return fmt::format("{:02x}.{:x}", node.slot, node.function);
}

}  // namespace tenon::managed::guest

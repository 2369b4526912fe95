#include "library/host_tree.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace tenon::library {
namespace {

constexpr unsigned deepest = 64;

class TreeMaker {
public:
    explicit TreeMaker(const FunctionList& list) {
        std::map<pci::Address, const ListedFunction*> listed;
        for (const auto& function : list.functions)
            listed.emplace(function.address, &function);
        for (const auto& [address, function] : listed) {
            const auto& above = function->above;
            if (above && *above != address && listed.contains(*above))
                behind_[*above].push_back(function);
            else
                at_root_[{address.domain, address.bus}].push_back(function);
        }
    }

    std::vector<RootBus> make() const {
        std::vector<RootBus> buses;
        for (const auto& [place, functions] : at_root_) {
            RootBus bus{.domain = place.first, .bus = place.second, .functions = {}};
            for (const auto* const function : functions)
                bus.functions.push_back(node(*function, 0));
            buses.push_back(std::move(bus));
        }
        return buses;
    }

private:
    HostNode node(const ListedFunction& function, unsigned depth) const {
        HostNode made{.function = &function, .behind = {}};
        const auto behind = behind_.find(function.address);
        if (behind == behind_.end() || depth == deepest) return made;
        for (const auto* const one : behind->second)
            made.behind.push_back(node(*one, depth + 1));
        return made;
    }

    std::map<pci::Address, std::vector<const ListedFunction*>> behind_;
    std::map<std::pair<std::uint32_t, unsigned>, std::vector<const ListedFunction*>> at_root_;
};

}  // namespace

std::vector<RootBus> make_host_tree(const FunctionList& list) { return TreeMaker{list}.make(); }

}  // namespace tenon::library

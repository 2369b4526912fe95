#include "capture/anonymize.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "capture/secret_registers.hpp"

namespace tenon::capture {
namespace {

constexpr std::array<std::string_view, 3> trees{"/sys/", "/dev/", "/proc/"};

// What is left of a word that may be a path.
std::string_view without_path(std::string_view word) {
    auto tree = std::string_view::npos;
    for (const auto root : trees)
        tree = std::min(tree, word.find(root));
    if (tree != std::string_view::npos) return word.substr(tree);
    return word.starts_with('/') && word.size() > 1 ? "FILE" : word;
}

// "7.2.12" of "7.2.12-builder-acme".
std::string plain_release(const std::string& release) {
    return release.substr(0, release.find_first_not_of("0123456789."));
}

// Words of facts.
class Words {
public:
    // `source` is what the user named.
    explicit Words(std::string_view source) {
        // A path may have blanks in it, which end a word: this one is known.
        if (const auto at = source.find("/sys/"); at != std::string_view::npos)
            root_ = source.substr(0, at);
    }

    void clean(std::string& text) const {
        if (!root_.empty())
            for (auto at = text.find(root_); at != std::string::npos; at = text.find(root_, at))
                text.erase(at, root_.size());
        text = without_paths(text);
    }

    template <typename... T>
    void clean_reasons(Known<T>&... facts) const {
        (clean_reason(facts), ...);
    }

private:
    template <typename T>
    void clean_reason(Known<T>& fact) const {
        if (fact) return;
        auto why = fact.why();
        clean(why);
        fact = Unknown{std::move(why)};
    }

    std::string root_;
};

void clean(device::IommuFacts& facts, const Words& words) {
    // All of them: a new one does not compile until it is thought of here.
    auto& [pasid, ats, dirty_tracking, kind, page_sizes, vtd, iova, bar_maps, bar_files] = facts;
    words.clean_reasons(pasid, ats, dirty_tracking, kind, page_sizes, vtd, iova, bar_maps,
                        bar_files);
}

// Mount points, addresses and interfaces.
void forget_names(std::vector<device::Use>& uses) {
    for (auto& use : uses)
        use.name.clear();
    const auto again = std::ranges::unique(uses);
    uses.erase(again.begin(), again.end());
}

void forget_names(std::vector<device::GroupMember>& members) {
    // All of a member, as above.
    for (auto& [address, driver, is_bridge, driver_known, uses, class_code] : members)
        forget_names(uses);
}

// Drivers call their handlers after network interfaces too, whose names people choose.
void forget_names(device::LineFacts& line) {
    auto& [number, functions, handlers] = line;
    static_cast<void>(number);
    forget_names(functions);
    for (auto& handler : handlers)
        handler.clear();
}

void clean(device::DeviceFacts& facts, const Words& words) {
    // All of them, as above.
    auto& [source, origin, address, physical, vfio, resources, group, driver, nodes,
           virtual_function, physical_function, numa_node, kernel, identity, has_iommu, link,
           reset_methods, path, bus_neighbours, iommu, atomics, told, line, uses] = facts;
    static_cast<void>(source);
    static_cast<void>(origin);
    // Sentences of ours about models and numbers: what is read of a text has no name of one device.
    static_cast<void>(told);
    words.clean_reasons(address, physical, vfio, resources, group, driver, nodes, virtual_function,
                        physical_function, numa_node, kernel, identity, has_iommu, link,
                        reset_methods, path, bus_neighbours, atomics, line, uses);
    clean(iommu, words);
    if (uses) forget_names(*uses);
    if (line) forget_names(*line);
    if (group) forget_names(group->members);
    if (bus_neighbours) forget_names(*bus_neighbours);
    if (nodes) {
        words.clean(nodes->group);
        words.clean(nodes->cdev);
    }
    if (kernel) kernel = plain_release(*kernel);
    if (physical_function) words.clean_reasons(physical_function->config);
    if (!path) return;
    for (auto& bridge : *path)
        words.clean_reasons(bridge.config, bridge.driver);
}

}  // namespace

std::string without_paths(std::string_view text) {
    constexpr std::string_view ends = " \t\n\":,;()";
    std::string clean;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(ends), text.size());
        clean += without_path(text.substr(0, end));
        if (end < text.size()) clean += text[end];
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return clean;
}

std::string Anonymizer::name_for(const device::DeviceFacts& facts) {
    if (facts.origin == device::Origin::Live && facts.address) return to_string(*facts.address);
    const auto file = facts.source.substr(0, facts.source.rfind('#'));
    auto known = std::ranges::find(files_, file);
    if (known == files_.end()) known = files_.insert(known, file);
    const auto name = fmt::format("file{}", std::distance(files_.begin(), known) + 1);
    return facts.address ? fmt::format("{}#{}", name, to_string(*facts.address)) : name;
}

void Anonymizer::take_names(device::DeviceFacts& facts) {
    blank_secret_registers(facts);
    clean(facts, Words{facts.source});
    facts.source = name_for(facts);
}

}  // namespace tenon::capture

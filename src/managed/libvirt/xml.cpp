#include "managed/libvirt/xml.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "managed/qemu/shell_words.hpp"

namespace tenon::managed::libvirt {
namespace {

std::string_view local(std::string_view name) { return name.substr(name.rfind(':') + 1); }

bool is_named(const pugi::xml_node& node, std::string_view name) {
    return node.type() == pugi::node_element && (name.empty() || local(node.name()) == name);
}

}  // namespace

std::string_view Element::name() const { return local(node_.name()); }

Element Element::child(std::string_view name) const {
    for (const auto& node : node_)
        if (is_named(node, name)) return {node, *document_};
    return {};
}

std::vector<Element> Element::children(std::string_view name) const {
    std::vector<Element> found;
    for (const auto& node : node_)
        if (is_named(node, name)) found.emplace_back(node, *document_);
    return found;
}

std::string_view Element::attribute(std::string_view name) const {
    for (const auto& one : node_.attributes())
        if (name == one.name()) return one.value();
    return {};
}

bool Element::has(std::string_view name) const {
    return std::ranges::any_of(node_.attributes(),
                               [&](const auto& one) { return name == one.name(); });
}

std::string_view Element::text() const { return trimmed(node_.child_value()); }

said::Place Element::place() const {
    return document_ == nullptr ? said::Place{} : document_->place_of(node_.offset_debug());
}

std::string Element::tag() const {
    constexpr std::size_t longest = 160;
    std::string text = fmt::format("<{}", node_.name());
    for (const auto& one : node_.attributes())
        if (text.size() < longest)
            text += fmt::format(" {}='{}'", one.name(), escaped(one.value()));
    if (text.size() > longest) {
        text.resize(longest);
        text += "…";
    }
    return text + '>';
}

said::Value Element::value(std::string_view name) const {
    return {.text = std::string{attribute(name)}, .place = place()};
}

Result<std::unique_ptr<Document>> Document::parse(std::string_view text, std::string_view file) {
    if (text.size() > qemu::longest_input)
        return malformed("{}: more than {}", file, format_size(qemu::longest_input));
    auto document = std::make_unique<Document>();
    document->file_ = std::string{file};
    const auto begin = std::min(find_xml(text), text.size());
    document->lines_.push_back(0);
    for (std::size_t n = 0; n < text.size(); ++n)
        if (text[n] == '\n') document->lines_.push_back(n + 1);
    // Each begins with "<", and has at most a start, an end and what stands between.
    if (static_cast<std::size_t>(std::ranges::count(text, '<')) > 4 * most_elements)
        return malformed("{}: more than {} elements", file, most_elements);
    // Blanks for what stands in front, so that offsets are those of the text.
    std::string padded(begin, ' ');
    padded += text.substr(begin);
    const auto parsed =
        document->tree_.load_buffer(padded.data(), padded.size(),
                                    pugi::parse_default | pugi::parse_doctype, pugi::encoding_utf8);
    for (const auto& node : document->tree_)
        if (node.type() == pugi::node_doctype)
            return malformed("{}: has a DOCTYPE, which libvirt does not write and nobody needs",
                             file);
    if (!parsed) {
        auto words = std::string{parsed.description()};
        return malformed("{}: no well-formed XML: {}", to_string(document->place_of(parsed.offset)),
                         words);
    }
    TENON_TRY_DO(document->check_bounds(), "");
    return document;
}

said::Place Document::place_of(std::ptrdiff_t offset) const {
    const auto at = static_cast<std::size_t>(std::max<std::ptrdiff_t>(offset, 0));
    const auto after = std::ranges::upper_bound(lines_, at);
    return {.file = file_, .line = static_cast<unsigned>(after - lines_.begin())};
}

// Without recursion: the depth is not known yet.
Result<void> Document::check_bounds() const {
    std::size_t count = 0;
    std::size_t depth = 0;
    auto node = tree_.first_child();
    while (!node.empty()) {
        if (++count > 4 * most_elements)
            return malformed("{}: more than {} elements", file_, most_elements);
        if (depth >= deepest_element)
            return malformed("{}: elements that are more than {} deep",
                             to_string(place_of(node.offset_debug())), deepest_element);
        if (const auto first = node.first_child()) {
            node = first;
            ++depth;
            continue;
        }
        while (!node.empty() && node.next_sibling().empty() && depth > 0) {
            node = node.parent();
            --depth;
        }
        node = node.next_sibling();
    }
    return {};
}

std::size_t find_xml(std::string_view text) {
    std::size_t begin = 0;
    while (begin < text.size()) {
        const auto end = std::min(text.find('\n', begin), text.size());
        auto line = text.substr(begin, end - begin);
        if (begin == 0 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
        const auto first = line.find_first_not_of(" \t\r");
        if (first != std::string_view::npos && line[first] == '<')
            return static_cast<std::size_t>(line.data() - text.data()) + first;
        begin = end + 1;
    }
    return std::string_view::npos;
}

std::string escaped(std::string_view text) {
    std::string all;
    for (const char letter : text) {
        switch (letter) {
            case '&':
                all += "&amp;";
                break;
            case '<':
                all += "&lt;";
                break;
            case '\'':
                all += "&apos;";
                break;
            default:
                all += letter;
        }
    }
    return all;
}

}  // namespace tenon::managed::libvirt

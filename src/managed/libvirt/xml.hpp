// XML that somebody gives: bounded, and with the line of each element.
//
// Nothing in it is expanded: a document that declares entities of its own is refused.
#pragma once

#include <cstddef>
#include <memory>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "managed/said/value.hpp"

namespace tenon::managed::libvirt {

/// What one document may have. A guest of libvirt has hundreds of elements, ten deep.
inline constexpr std::size_t most_elements = 100'000;
inline constexpr std::size_t deepest_element = 64;

class Document;

/// An element, or none: whatever is asked of none is none, or empty. The document must outlive it.
class Element {
public:
    Element() = default;
    Element(pugi::xml_node node, const Document& document) : node_{node}, document_{&document} {}

    explicit operator bool() const { return !node_.empty(); }
    bool operator==(const Element& other) const { return node_ == other.node_; }

    /// Its name without the prefix of a namespace.
    std::string_view name() const;

    /// The first child of this name; without a name, the first of all.
    Element child(std::string_view name = "") const;

    /// All children of this name; without a name, all of them.
    std::vector<Element> children(std::string_view name = "") const;

    /// The value of an attribute; empty if it is not there.
    std::string_view attribute(std::string_view name) const;
    bool has(std::string_view name) const;

    /// The text in it, without white space at its ends.
    std::string_view text() const;

    said::Place place() const;

    /// Its start as it is written, "<hostdev mode='subsystem' type='pci'>"; shortened, if it is
    /// long.
    std::string tag() const;

    /// The value of an attribute with its place; empty if it is not there.
    said::Value value(std::string_view name) const;

private:
    pugi::xml_node node_;
    const Document* document_ = nullptr;
};

/// A document.
class Document {
public:
    /// Reads one. What stands in front of the first line that begins with "<", as a shell's prompt
    /// does, is passed over. `file` is for places.
    /// Errors: Malformed, with the line, for what is not well formed; for a DOCTYPE; for too much
    /// text, too many elements or too deep ones.
    static Result<std::unique_ptr<Document>> parse(std::string_view text, std::string_view file);

    Element root() const { return {tree_.document_element(), *this}; }

    said::Place place_of(std::ptrdiff_t offset) const;

private:
    Result<void> check_bounds() const;

    pugi::xml_document tree_;
    std::string file_;
    std::vector<std::size_t> lines_;  // Where each begins.
};

/// Where the XML in a text begins: at a "<" that begins a line. npos: nowhere.
std::size_t find_xml(std::string_view text);

/// `text` as the value of an attribute in single quotes.
std::string escaped(std::string_view text);

}  // namespace tenon::managed::libvirt

#include "managed/libvirt/domain.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "managed/libvirt/board.hpp"
#include "managed/libvirt/devices.hpp"
#include "managed/libvirt/override.hpp"
#include "managed/libvirt/slots.hpp"
#include "managed/libvirt/xml.hpp"

namespace tenon::managed::libvirt {
namespace {

constexpr auto roots = std::to_array<std::string_view>(
    {"domain", "domstatus", "domainsnapshot", "domaincheckpoint", "domainbackup"});

// Leaves a comment, a declaration or a DOCTYPE out. Empty: it has no end.
std::string_view behind(std::string_view text, std::string_view end) {
    const auto at = text.find(end);
    return at == std::string_view::npos ? std::string_view{} : text.substr(at + end.size());
}

// The name of the first element.
std::string_view first_element(std::string_view text) {
    const auto begin = find_xml(text);
    auto rest = begin == std::string_view::npos ? std::string_view{} : text.substr(begin);
    while (rest.starts_with('<')) {
        if (rest.starts_with("<!--"))
            rest = behind(rest, "-->");
        else if (rest.starts_with("<?"))
            rest = behind(rest, "?>");
        else if (rest.starts_with("<!"))
            rest = behind(rest, rest.substr(0, rest.find('>')).contains('[') ? "]>" : ">");
        else
            return rest.substr(1, rest.find_first_of(" \t\r\n/>", 1) - 1);
        rest = trimmed(rest);
    }
    return {};
}

// Snapshots have it below them, and so has the state of a running guest.
Element find_domain(const Element& root) {
    return root.name() == "domain" ? root : root.child("domain");
}

void command_line(const Element& domain, const qemu::ReadFile& read_file, said::Configuration& to) {
    std::vector<qemu::Word> words;
    for (const auto& part : domain.children("commandline"))
        for (const auto& argument : part.children("arg"))
            if (words.size() < qemu::most_words)
                words.push_back(
                    {.text = std::string{argument.attribute("value")}, .place = argument.place()});
    qemu::read_options(words, read_file, to);
}

}  // namespace

bool is_domain(std::string_view text) {
    const auto name = first_element(text.substr(0, qemu::longest_input));
    return std::ranges::find(roots, name) != roots.end();
}

Result<said::Configuration> read_domain(std::string_view text, std::string_view file,
                                        const qemu::ReadFile& read_file) {
    TENON_TRY(document, Document::parse(text, file), "");
    const auto domain = find_domain(document->root());
    if (!domain) return malformed("{}: has no <domain>", file);
    const auto type = domain.attribute("type");
    if (!type.empty() && type != "kvm" && type != "qemu")
        return fail(Error::Kind::Unsupported,
                    "{}: a domain of type {}, and only those of QEMU are read", file, type);
    said::Configuration to;
    to.manager = said::Manager::Libvirt;
    to.name = std::string{file};
    to.default_devices = false;
    read_board(domain, to);
    place_devices(read_devices(domain, to), domain.child("devices").place(), to);
    apply_override(domain, to);
    read_lock_limit(domain, to);
    command_line(domain, read_file, to);
    return to;
}

}  // namespace tenon::managed::libvirt

#include "capture/archive.hpp"

#include <fmt/core.h>

#include <utility>

#include "base/decoder.hpp"
#include "base/tar.hpp"
#include "base/text.hpp"
#include "base/unpack.hpp"
#include "capture/content.hpp"
#include "capture/limits.hpp"
#include "capture/text/limits.hpp"

namespace tenon::capture {
namespace {

// Files of sysfs are small.
constexpr std::size_t longest_tree_file = std::size_t{64} << 10;

// The function that "…/proc/bus/pci/00/1f.3" is, as the kernel shows its bytes.
std::optional<pci::Address> function_of_proc(std::string_view path) {
    constexpr std::string_view folder = "proc/bus/pci/";
    const auto begin = path.rfind(folder);
    if (begin == std::string_view::npos) return std::nullopt;
    const auto parts = split(path.substr(begin + folder.size()), '/');
    if (parts.size() != 2) return std::nullopt;
    return pci::Address::parse(fmt::format("{}:{}", parts[0], parts[1]));
}

class ArchiveReader {
public:
    ArchiveReader(std::string name, const TreeRules& rules, listing::Listing& words)
        : rules_{rules}, words_{words} {
        archive_.tree = std::make_shared<ArchiveTree>(std::move(name));
    }

    Result<void> add(TarReader& reader, const TarMember& member) {
        if (member.kind == MemberKind::File) return add_file(reader, member);
        if (member.kind == MemberKind::Other || member.kind == MemberKind::HardLink) return {};
        return add_to_tree(member, {});
    }

    Result<Archive> take() && {
        if (archive_.tree->empty()) archive_.tree.reset();
        return std::move(archive_);
    }

private:
    Result<void> add_to_tree(const TarMember& member, std::string content) {
        const auto root = rules_.root_of(member.path);
        if (!root && member.kind != MemberKind::File) return {};
        if (root) archive_.roots.insert(*root);
        return archive_.tree->add(member, std::move(content));
    }

    Result<void> add_file(TarReader& reader, const TarMember& member) {
        const bool of_tree = rules_.keeps_file(member.path);
        if (member.size == 0 || member.size > (of_tree ? longest_tree_file : longest_file))
            return {};
        if (!of_tree && rules_.root_of(member.path)) return {};
        TENON_TRY(content, reader.content(longest_file), "");
        if (of_tree) return add_to_tree(member, std::move(content));
        ++archive_.files;
        return add_functions(member, std::move(content));
    }

    // What has no functions in it is one of the many other files of a report.
    Result<void> add_functions(const TarMember& member, std::string content) {
        const auto name = fmt::format("{}#{}", archive_.tree->name(), member.path);
        if (const auto address = function_of_proc(member.path)) {
            auto entry = read_bytes_of(*address, content, name);
            if (!entry) return {};
            return keep(member, std::vector<Entry>{*std::move(entry)});
        }
        if (packed_format(content) != nullptr) {
            auto whole = unpack(std::move(content), name);
            // Of what fails nobody knows how much was unpacked before.
            unpacked_ += whole ? whole->size() : longest_file;
            if (unpacked_ > most_unpacked)
                return malformed("{}: its members unpack to more than {} bytes",
                                 archive_.tree->name(), most_unpacked);
            if (!whole) return {};
            content = *std::move(whole);
        }
        PeekedStream stream{std::make_unique<TextStream>(std::move(content))};
        auto entries = read_content(stream, name, words_);
        // Bytes without an address are of nobody.
        if (!entries || entries->empty() || entries->front().slot.empty()) return {};
        return keep(member, *std::move(entries));
    }

    static Result<std::string> unpack(std::string packed, const std::string& name) {
        TENON_TRY(stream,
                  unpacked(std::make_unique<TextStream>(std::move(packed)), name, longest_file),
                  "");
        return read_all(*stream, longest_file, name);
    }

    Result<void> keep(const TarMember& member, std::vector<Entry> entries) {
        for (auto& entry : entries) {
            if (archive_.entries.size() == text::most_functions)
                return malformed("{}: more than {} functions", archive_.tree->name(),
                                 text::most_functions);
            entry.member = member.path;
            archive_.entries.push_back(std::move(entry));
        }
        return {};
    }

    const TreeRules& rules_;
    listing::Listing& words_;
    Archive archive_;
    std::uint64_t unpacked_ = 0;
};

}  // namespace

Result<Archive> read_archive(Stream& stream, const std::string& name, const TreeRules& rules,
                             listing::Listing& words) {
    TarReader reader{stream, name};
    ArchiveReader archive{name, rules, words};
    for (;;) {
        TENON_TRY(member, reader.next(), "");
        if (!member) return std::move(archive).take();
        TENON_TRY_DO(archive.add(reader, *member), "");
    }
}

}  // namespace tenon::capture

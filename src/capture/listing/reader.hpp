// Reads the words of a text line by line: which line is about which function, and which ends what
// was said before.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "capture/listing/body_line.hpp"
#include "capture/listing/group_line.hpp"
#include "capture/listing/listing.hpp"
#include "capture/listing/script_line.hpp"
#include "capture/listing/tree_line.hpp"
#include "capture/text/marks.hpp"

namespace tenon::capture::listing {

class Reader {
public:
    /// What is read goes into `listing`, which must outlive the reader.
    explicit Reader(Listing& listing) : listing_{listing} {}

    /// A line as text::clean() left it, and without its marks.
    void take(std::string_view cleaned, const text::Bare& line, std::size_t number);

    /// The text ends.
    void end();

private:
    // Members of a group follow in lines of their own.
    struct OpenGroup {
        unsigned number = 0;
        std::optional<std::size_t> indent;  // Of the first one.
        bool goes_on = false;               // Behind a first one in the line of the number.
    };
    // A record of `lspci -vmm`.
    struct OpenRecord {
        Said* said = nullptr;
        Record words;
    };
    // One of functions that one program listed one after the other.
    struct Listed {
        pci::Address address;
        bool body = false;     // It has lines of its own,
        bool driver = false;   // of which one names its driver,
        bool modules = false;  // and one those that could be.
    };

    void take_line(std::string_view cleaned, const text::Bare& line);
    void take_blank();
    bool take_record(std::string_view text);
    bool take_function(std::string_view text, std::size_t indent);
    bool take_inline_group(std::string_view text);
    bool take_path(std::string_view text);
    bool take_member_list(std::string_view text);
    bool take_group_folder(std::string_view text);
    bool take_tree(std::string_view cleaned);
    bool take_body(const text::Bare& line, std::size_t indent);
    void take_kernel(std::string_view text);
    void take_found(const FoundFunction& found);
    void open(Said& said);
    void join(const pci::Address& address, unsigned group);
    void say_way(const std::vector<pci::Address>& way);
    void end_run(bool whole);

    Listing& listing_;
    std::size_t number_ = 0;
    Said* open_ = nullptr;
    BodyPlace place_;
    std::optional<OpenGroup> group_;
    std::optional<OpenRecord> record_;
    bool blank_ = false;
    TreeLines tree_;
    std::vector<Listed> run_;
    std::set<pci::Address> detailed_;  // Those whose capabilities a text has told.
};

}  // namespace tenon::capture::listing

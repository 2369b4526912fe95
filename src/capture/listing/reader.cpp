#include "capture/listing/reader.hpp"

#include <algorithm>
#include <string>

#include "base/text.hpp"
#include "capture/listing/class_names.hpp"
#include "capture/listing/devbind_line.hpp"
#include "capture/listing/header_line.hpp"
#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {
namespace {

std::size_t indent_of(std::string_view line) {
    return std::min(line.find_first_not_of(" \t"), line.size());
}

// Of a line of a group, what stands behind the address: of lspci, or of loops that put ids in front
// of it and a name of a class behind.
void put_member(std::string_view text, std::string_view rest, Said& said) {
    const auto header = parse_header_line(rest);
    if (header) put_header(*header, said);
    if (header && header->ids) return;
    if (const auto ids = last_ids(text)) said.ids.say(*ids);
    if (const auto code = class_of(class_at_front_of(rest))) said.class_code.say(*code);
}

// "… [144d:a808]   Driver: nvme" without its end. Nothing behind the word: no driver is bound.
std::string_view take_driver(std::string_view rest, Said& said) {
    constexpr std::string_view key = " Driver:";
    const auto at = rest.rfind(key);
    if (at == std::string_view::npos) return rest;
    said.driver.say(std::string{trimmed(rest.substr(at + key.size())).substr(0, longest_name)});
    return rest.substr(0, at);
}

}  // namespace

void Reader::take(std::string_view cleaned, const text::Bare& line, std::size_t number) {
    number_ = number;
    // Rows of bytes say nothing in words, and end nothing.
    if (line.row) return;
    if (line.text.empty()) return take_blank();
    take_line(cleaned, line);
    blank_ = false;
}

void Reader::end() { end_run(blank_); }

void Reader::take_blank() {
    blank_ = true;
    open_ = nullptr;
    record_.reset();
    if (group_ && (!group_->indent || *group_->indent == 0)) group_.reset();
}

void Reader::take_line(std::string_view cleaned, const text::Bare& line) {
    const auto indent = indent_of(cleaned);
    if (take_record(line.text) || take_member_list(line.text)) return;
    if (line.address && take_function(line.text, indent)) return;
    // Below a group, a heading of the next one is no line of lspci, which has the same words.
    if (group_ && indent == 0 && take_inline_group(line.text)) return;
    if (group_ && line.text.starts_with("total ")) return;  // Of `ls -l`.
    if (take_body(line, indent) || take_tree(cleaned) || take_inline_group(line.text)) return;
    if (take_path(line.text) || take_group_folder(line.text)) return;
    if (group_ && take_function(line.text, indent)) return;
    take_kernel(line.text);
    // A line that is not known here, below a function, is one more of its lines.
    if (open_ != nullptr && (indent > 0 || !line.marks.empty())) return;
    open_ = nullptr;
    group_.reset();
    end_run(true);
}

// "Slot: 00:01.0", and what follows until a line that is none of a record.
bool Reader::take_record(std::string_view text) {
    if (record_ && take_record_line(text, record_->words, *record_->said)) return true;
    record_.reset();
    const auto address = parse_record_begin(text);
    if (!address) return false;
    open_ = nullptr;
    group_.reset();
    if (auto* const said = listing_.function(*address, number_))
        record_ = OpenRecord{.said = said, .words = {}};
    return true;
}

// "00:01.0 PCI bridge: …", of lspci or dpdk-devbind; below the line of a group perhaps without
// more than the address.
bool Reader::take_function(std::string_view text, std::size_t indent) {
    const auto found = address_at_front(text);
    if (!found) return false;
    const auto header = parse_header_line(found->rest);
    const auto devbind = parse_devbind_line(found->rest);
    const auto script = parse_script_line(found->rest);
    // "[RESET]" and ids stand in front of a member, where others have blanks.
    const bool marked = text.starts_with('[');
    if (group_ && !marked &&
        ((group_->indent && *group_->indent != indent) || (group_->goes_on && indent == 0)))
        group_.reset();
    if (!header && !devbind && !script && !group_) return false;
    auto* const said = listing_.function(found->address, number_);
    if (said == nullptr) return true;
    if (devbind) put_devbind(*devbind, *said);
    if (script) put_script_line(*script, *said);
    if (group_) {
        if (!marked) group_->indent = indent;
        join(found->address, group_->number);
        put_member(text, found->rest, *said);
    } else if (header) {
        put_header(*header, *said);
    }
    if (!header) return true;
    open(*said);
    return true;
}

void Reader::open(Said& said) {
    open_ = &said;
    place_ = {.in_capabilities = false, .told_before = detailed_.contains(said.address)};
    if (!run_.empty() && !(run_.back().address < said.address)) end_run(true);
    run_.push_back({.address = said.address});
}

bool Reader::take_inline_group(std::string_view text) {
    const auto line = parse_group_line(text);
    if (!line) return false;
    open_ = nullptr;
    if (!line->address) {
        group_ = OpenGroup{.number = line->number};
        return true;
    }
    // Lines with the number in front of each, or of the first one; those of -k stand below.
    group_ = OpenGroup{.number = line->number, .indent = {}, .goes_on = true};
    auto* const said = listing_.function(*line->address, number_);
    if (said == nullptr) return true;
    join(*line->address, line->number);
    put_member(text, take_driver(line->rest, *said), *said);
    open(*said);
    return true;
}

bool Reader::take_path(std::string_view text) {
    const auto way = parse_device_path(text);
    say_way(way);
    const auto path = parse_group_path(text);
    if (!path) {
        if (way.empty()) return false;
        if (group_) join(way.back(), group_->number);
        return true;
    }
    open_ = nullptr;
    if (!path->address) {
        group_ = OpenGroup{.number = path->number};
        return true;
    }
    join(*path->address, path->number);
    // A line of lspci may stand behind the path.
    const auto behind = address_at_front(text.substr(std::min(text.find(' '), text.size())));
    const auto header = behind ? parse_header_line(behind->rest) : std::nullopt;
    if (!header || behind->address != *path->address) return true;
    if (auto* const said = listing_.function(*path->address, number_)) {
        put_header(*header, *said);
        open(*said);
    }
    return true;
}

// "…/0000:01:00.0/iommu_group/devices", whose members follow: the group that the function is in.
bool Reader::take_group_folder(std::string_view text) {
    const auto end = text.find("/iommu_group/devices");
    if (end == std::string_view::npos) return false;
    const auto slash = text.substr(0, end).rfind('/');
    if (slash == std::string_view::npos) return false;
    const auto address = pci::Address::parse(text.substr(slash + 1, end - slash - 1));
    const auto* const said = address ? listing_.find(*address) : nullptr;
    if (said == nullptr || !said->group) return false;
    open_ = nullptr;
    group_ = OpenGroup{.number = *said->group};
    return true;
}

bool Reader::take_member_list(std::string_view text) {
    if (!group_) return false;
    const auto members = all_addresses(text);
    // One alone is a line of its own, and says by its indent what follows.
    if (members.size() < 2) return false;
    for (const auto& member : members)
        join(member, group_->number);
    return true;
}

bool Reader::take_tree(std::string_view cleaned) {
    return tree_.take(cleaned, [&](const TreeFunction& function) {
        auto* const said = listing_.function(function.address, number_);
        if (said == nullptr) return;
        if (function.above)
            said->above.say(*function.above);
        else
            said->on_root_bus = true;
        if (said->name.empty()) {
            said->name = function.name.substr(0, longest_name);
            if (const auto ids = last_ids(function.name)) said->ids.say(*ids);
        }
        if (function.secondary) said->class_code.say(0x0604);
        // The drawing has no classes. These are known by their names alone.
        else if (function.name.contains("Host Bridge") || function.name.contains("Host bridge"))
            said->class_code.say(0x0600);
        else if (function.name.contains(" LPC "))
            said->class_code.say(0x0601);
    });
}

bool Reader::take_body(const text::Bare& line, std::size_t indent) {
    if (open_ == nullptr) return false;
    const bool known = take_body_line(line.text, place_, *open_);
    if (place_.in_capabilities || !open_->bars.empty()) detailed_.insert(open_->address);
    if (run_.empty()) return known;
    run_.back().body = run_.back().body || known || indent > 0;
    run_.back().driver = run_.back().driver || line.text.starts_with("Kernel driver in use:");
    run_.back().modules = run_.back().modules || line.text.starts_with("Kernel modules:");
    return known;
}

void Reader::take_kernel(std::string_view text) {
    if (const auto added = parse_added_to_group(text)) {
        join(added->address, added->number);
    } else if (auto symptom = parse_symptom(text)) {
        symptom->line = number_;
        if (symptom->address)
            if (auto* const said = listing_.function(*symptom->address, number_))
                said->has_symptom = true;
        listing_.add(*std::move(symptom));
    }
    if (const auto found = parse_found(text)) take_found(*found);
    if (const auto display = parse_boot_display(text))
        if (auto* const said = listing_.function(*display, number_)) said->boot_display = true;
    listing_.iommu = listing_.iommu || says_iommu_is_on(text);
}

void Reader::take_found(const FoundFunction& found) {
    auto* const said = listing_.function(found.address, number_);
    if (said == nullptr) return;
    said->ids.say(found.ids);
    said->class_code.say(static_cast<std::uint16_t>(found.class_code >> 8));
    said->interface.say(static_cast<std::uint8_t>(found.class_code));
}

void Reader::join(const pci::Address& address, unsigned group) {
    if (auto* const said = listing_.function(address, number_)) said->group.say(group);
}

// Who is above whom, by a path of folders.
void Reader::say_way(const std::vector<pci::Address>& way) {
    for (std::size_t n = 0; n < way.size(); ++n) {
        auto* const said = listing_.function(way[n], number_);
        if (said == nullptr) return;
        if (n == 0)
            said->on_root_bus = true;
        else
            said->above.say(way[n - 1]);
        said->has_below = said->has_below || n + 1 < way.size();
    }
}

// Where lspci names the drivers of some, the others have none; the driver stands before the
// modules. The last function of a text may be cut off.
void Reader::end_run(bool whole) {
    const bool names_drivers = std::ranges::any_of(run_, &Listed::driver);
    for (std::size_t n = 0; n < run_.size(); ++n) {
        const auto& one = run_[n];
        const bool complete = one.body && names_drivers && (whole || n + 1 < run_.size());
        if (one.driver || (!complete && !one.modules)) continue;
        if (auto* const said = listing_.function(one.address, number_)) said->driver.say("");
    }
    run_.clear();
}

}  // namespace tenon::capture::listing

#include "capture/content.hpp"

#include <fmt/core.h>

#include <memory>
#include <string>
#include <utility>

#include "capture/capture_json.hpp"
#include "capture/limits.hpp"
#include "capture/listing/limits.hpp"
#include "capture/listing/reader.hpp"
#include "capture/raw_blob.hpp"
#include "capture/text/dump.hpp"
#include "capture/text/lines.hpp"
#include "capture/untold.hpp"

namespace tenon::capture {
namespace {

constexpr std::size_t piece_size = 65536;

// Nothing but the bytes. The rest keeps the reason why it is not known.
void fill_in(const pci::ConfigImage& config, device::DeviceFacts& facts) {
    leave_untold(facts, Unknown{"a dump does not tell"});
    facts.address = Unknown{"a dump of bytes does not tell"};
    facts.physical = config;
    facts.resources = Unknown{"a dump of bytes does not tell them"};
}

Result<std::vector<Entry>> read_json(std::string_view text, std::string_view name) {
    TENON_TRY(functions, read_captures(text, std::string{name}), "");
    std::vector<Entry> entries;
    for (auto& one : functions) {
        const auto facts = std::make_shared<const device::DeviceFacts>(std::move(one));
        entries.push_back({.slot = facts->address ? to_string(*facts->address) : "-",
                           .address = facts->address,
                           .where = fmt::format("functions[{}]", entries.size()),
                           .member = {},
                           .bytes = nullptr,
                           .facts = [facts](device::DeviceFacts& out) {
                               out = *facts;
                               return Result<void>{};
                           }});
    }
    return entries;
}

Entry entry_of(const std::shared_ptr<const text::Function>& function) {
    std::shared_ptr<const pci::ConfigImage> bytes;
    if (function->config) bytes = {function, &*function->config};
    return {.slot = function->slot,
            .address = function->address,
            .where = fmt::format("line {}", function->line),
            .member = {},
            .bytes = std::move(bytes),
            .virtual_bars = function->virtual_bars,
            .facts = [function](device::DeviceFacts& facts) -> Result<void> {
                if (!function->config) return std::unexpected(function->config.error());
                fill_in(*function->config, facts);
                facts.address = function->address;
                facts.resources = function->resources;
                facts.line = function->interrupt_line;
                return {};
            }};
}

Result<std::vector<Entry>> read_text(Stream& stream, std::string_view name,
                                     listing::Listing& words) {
    listing::Reader listener{words};
    text::DumpReader reader{
        name,
        [&](std::string_view cleaned, const text::Bare& line, std::size_t number) -> Result<void> {
            listener.take(cleaned, line, number);
            if (!words.is_full()) return {};
            return malformed("{}: line {}: words of more than {} functions", name, number,
                             listing::most_functions);
        }};
    std::string piece(piece_size, '\0');
    std::size_t size = 0;
    for (;;) {
        TENON_TRY(got, stream.read(piece), "");
        if (got == 0) break;
        size += got;
        if (size > longest_text)
            return malformed("{}: the text in it: longer than {} bytes", name, longest_text);
        TENON_TRY_DO(reader.feed(std::string_view{piece}.substr(0, got)), "");
    }
    auto functions = reader.end();
    listener.end();
    std::vector<Entry> entries;
    if (!functions) {
        // A text of words has no rows.
        if (words.functions().empty()) return std::unexpected(std::move(functions).error());
        return entries;
    }
    for (auto& one : *functions)
        entries.push_back(entry_of(std::make_shared<const text::Function>(std::move(one))));
    return entries;
}

Result<std::vector<Entry>> read_blob(std::string_view bytes, std::string_view name) {
    TENON_TRY(config, parse_raw_blob(bytes, name), "");
    const auto image = std::make_shared<const pci::ConfigImage>(std::move(config));
    return std::vector<Entry>{{.slot = {},
                               .address = Unknown{"a dump of bytes does not tell"},
                               .where = {},
                               .member = {},
                               .bytes = image,
                               .facts = [image](device::DeviceFacts& facts) {
                                   fill_in(*image, facts);
                                   return Result<void>{};
                               }}};
}

}  // namespace

Result<std::vector<Entry>> read_content(PeekedStream& stream, std::string_view name,
                                        listing::Listing& words) {
    TENON_TRY(begin, stream.peek(pci::express_size), "");
    const bool blob = is_binary(begin) && !text::is_utf16(begin);
    if (!blob && !is_json(without_mark(begin))) return read_text(stream, name, words);
    // Of a packed file that is what unpacks.
    TENON_TRY(content, read_all(stream, longest_file, fmt::format("{}: what is in it", name)), "");
    return blob ? read_blob(content, name) : read_json(without_mark(content), name);
}

Result<Entry> read_bytes_of(const pci::Address& address, std::string_view bytes,
                            std::string_view name) {
    TENON_TRY(config, parse_raw_blob(bytes, name), "");
    const auto image = std::make_shared<const pci::ConfigImage>(std::move(config));
    return Entry{.slot = to_string(address),
                 .address = address,
                 .where = "its bytes",
                 .member = {},
                 .bytes = image,
                 .facts = [address, image](device::DeviceFacts& facts) {
                     fill_in(*image, facts);
                     facts.address = address;
                     return Result<void>{};
                 }};
}

}  // namespace tenon::capture

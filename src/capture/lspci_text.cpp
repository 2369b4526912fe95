#include "capture/lspci_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "capture/limits.hpp"

namespace tenon::capture {
namespace {

constexpr std::size_t row_size = 16;

bool is_hex(char letter) { return std::string_view{"0123456789abcdefABCDEF"}.contains(letter); }

bool is_hex_pair(std::string_view text) {
    return text.size() == 2 && is_hex(text[0]) && is_hex(text[1]);
}

// The line as lspci wrote it: without quotation marks of a mail and white space at its ends.
std::string_view unquoted(std::string_view line) {
    line = trimmed(line);
    while (line.starts_with('>'))
        line = trimmed(line.substr(1));
    return line;
}

// A line that begins as a hex row does: an offset, a colon, two digits.
struct Row {
    std::size_t offset;
    std::string_view bytes;
};

std::optional<Row> as_row(std::string_view line) {
    const auto colon = line.find(": ");
    if (colon != 2 && colon != 3) return std::nullopt;
    const auto offset = parse_hex(line.substr(0, colon));
    const auto bytes = trimmed(line.substr(colon + 1));
    if (!offset || !is_hex_pair(bytes.substr(0, bytes.find(' ')))) return std::nullopt;
    return Row{.offset = *offset, .bytes = bytes};
}

class Parser {
public:
    explicit Parser(std::string_view file) : file_{file} {}

    Result<void> line(std::string_view raw) {
        ++number_;
        if (raw.size() > longest_line) return wrong("longer than {} bytes", longest_line);
        const auto text = unquoted(raw);
        if (const auto row = as_row(text)) return add_row(*row);
        const auto first = text.substr(0, text.find_first_of(" \t"));
        if (const auto address = pci::Address::parse(first)) {
            TENON_TRY_DO(finish(), "");
            function_ = {.slot = std::string{first}, .address = *address, .line = number_};
            return {};
        }
        // Capabilities have regions of their own: those of virtual functions.
        if (text.starts_with("Capabilities:")) in_capabilities_ = true;
        if (in_capabilities_ || !function_) return {};
        if (const auto bar = parse_decoded_bar(text)) bars_.push_back(*bar);
        if (bars_.size() > most_bar_lines)
            return wrong("more than {} lines about BARs of one function", most_bar_lines);
        return {};
    }

    Result<std::vector<LspciFunction>> take() {
        TENON_TRY_DO(finish(), "");
        if (!found_.empty()) return std::move(found_);
        return std::unexpected(Error{
            .kind = Error::Kind::Malformed,
            .what = fmt::format("{}: no function with hex rows in it", file_),
            .hint = "Make it with: lspci -xxxx, as root. A raw dump has 64, 256 or 4096 bytes"});
    }

private:
    template <typename... Args>
    std::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
        return malformed("{}: line {}: {}", file_, number_,
                         fmt::format(format, std::forward<Args>(args)...));
    }

    Result<void> add_row(const Row& row) {
        if (!function_)
            return wrong("a hex row, but no line with the address of its function before it");
        if (row.offset < bytes_.size())
            return wrong("the row of offset {:#04x} is there a second time", row.offset);
        if (row.offset > bytes_.size())
            return wrong("the row of offset {:#04x} stands where that of {:#04x} is missing",
                         row.offset, bytes_.size());
        if (bytes_.size() >= pci::express_size)
            return wrong("offset {:#x} is past the end of configuration space", row.offset);
        std::size_t count = 0;
        for (const auto pair : split(row.bytes, ' ')) {
            if (pair.empty()) continue;
            if (!is_hex_pair(pair))
                return wrong("byte {} of the row of offset {:#04x} is not two hex digits",
                             count + 1, row.offset);
            bytes_.push_back(static_cast<std::byte>(parse_hex(pair).value_or(0)));
            ++count;
        }
        if (count != row_size)
            return wrong("the row of offset {:#04x} has {} bytes instead of {}", row.offset, count,
                         row_size);
        return {};
    }

    // Ends the function whose text was read last. One without rows is left out.
    Result<void> finish() {
        if (function_ && !bytes_.empty()) {
            auto config = pci::ConfigImage::from_bytes(bytes_);
            if (!config)
                return malformed("{}: line {}: the dump of {} ends after {} bytes; a header has {}",
                                 file_, number_, function_->slot, bytes_.size(), pci::header_size);
            function_->config = *config;
            function_->resources = resources_of(bars_, *config);
            if (found_.size() == most_dumped_functions)
                return wrong("more than {} functions", most_dumped_functions);
            found_.push_back(*std::move(function_));
        }
        function_.reset();
        bytes_.clear();
        bars_.clear();
        in_capabilities_ = false;
        return {};
    }

    std::string_view file_;
    std::size_t number_ = 0;
    std::optional<LspciFunction> function_;
    std::vector<std::byte> bytes_;
    std::vector<DecodedBar> bars_;
    bool in_capabilities_ = false;
    std::vector<LspciFunction> found_;
};

}  // namespace

Result<std::vector<LspciFunction>> parse_lspci(std::string_view text, std::string_view file) {
    Parser parser{file};
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1);
        TENON_TRY_DO(parser.line(text.substr(0, end + 1)), "");
        text.remove_prefix(end + 1);
    }
    return parser.take();
}

}  // namespace tenon::capture

// Configuration spaces in a text, as people paste them: rows of lspci, hexdump, od, xxd or the
// kernel's own log, of one or many functions, with other text around.
//
// A reader is certain, or says which line it is not certain of: a row belongs to a function only
// while it goes on where the row before it ended.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/known.hpp"
#include "base/result.hpp"
#include "capture/text/decoded_bars.hpp"
#include "capture/text/marks.hpp"
#include "capture/text/resource_rows.hpp"
#include "device/facts.hpp"
#include "pci/address.hpp"
#include "pci/config_image.hpp"

namespace tenon::capture::text {

/// One function of a dump.
struct Function {
    std::string slot;  ///< Its address as the text has it; "0", "1" … for those without.
    Known<pci::Address> address;
    std::size_t line = 0;  ///< Of the text, counted from 1, where it begins.
    /// Its bytes, as many as the text has. Or why they are not certain, naming file and line: that
    /// concerns this function alone.
    Result<pci::ConfigImage> config;
    Known<Resources> resources;
    std::optional<VirtualBars> virtual_bars = {};  ///< Where rows of its file `resource` tell.
    Known<device::LineFacts> interrupt_line;       ///< Of its INTx.
};

/// Sees every line of a text: as clean() left it, and without its marks.
using Watch =
    std::function<Result<void>(std::string_view cleaned, const Bare& line, std::size_t number)>;

/// Reads a text in pieces of any size. It holds the functions and one line, not the text.
class DumpReader {
public:
    /// `file` names the text in errors. `watch` may be empty; its errors are those of feed().
    explicit DumpReader(std::string_view file, Watch watch = {});
    DumpReader(const DumpReader&) = delete;
    DumpReader& operator=(const DumpReader&) = delete;
    ~DumpReader();

    /// The next bytes.
    /// Errors: Malformed for more functions than limits.hpp allows.
    Result<void> feed(std::string_view bytes);

    /// The functions that have rows, in their order. Call it once.
    /// Errors: Malformed as feed(), and if there is none.
    Result<std::vector<Function>> end();

private:
    class State;
    std::unique_ptr<State> state_;
};

/// The functions of `text`, as DumpReader reads it.
Result<std::vector<Function>> read_dump(std::string_view text, std::string_view file);

}  // namespace tenon::capture::text

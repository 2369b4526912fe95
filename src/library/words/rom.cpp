#include "library/words/rom.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include "base/file.hpp"

namespace tenon::library::words {

Result<model::chosen::RomRequest> read_rom(const std::string& value) {
    using From = model::chosen::RomRequest::From;
    if (value.empty() || value == "on") return model::chosen::RomRequest{};
    if (value == "off")
        return model::chosen::RomRequest{.from = From::Nothing, .file = {}, .image = {}};
    // Sizes of the BAR. Source: PCI Local Bus 3.0, 6.2.5.2.
    constexpr std::size_t smallest = 2 << 10;
    constexpr std::size_t largest = 16 << 20;
    TENON_TRY(content, read_file(value, largest), "");
    if (content.empty()) return malformed("{}: the file is empty", value);
    std::vector<std::byte> image(std::bit_ceil(std::max(content.size(), smallest)),
                                 std::byte{0xff});
    std::ranges::copy(std::as_bytes(std::span{content}), image.begin());
    return model::chosen::RomRequest{
        .from = From::File,
        .file = value,
        .image = std::make_shared<const std::vector<std::byte>>(std::move(image))};
}

}  // namespace tenon::library::words

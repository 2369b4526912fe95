#include "capture/raw_blob.hpp"

#include <span>

namespace tenon::capture {

bool is_binary(std::string_view content) {
    const auto beginning = content.substr(0, pci::express_size);
    return beginning.contains('\0') || beginning.contains('\xff');
}

Result<pci::ConfigImage> parse_raw_blob(std::string_view content, std::string_view file) {
    const auto size = content.size();
    const auto is_space = [](std::size_t bytes) {
        return bytes == pci::express_size ||
               (bytes >= pci::header_size && bytes % 16 == 0 && bytes <= pci::conventional_size);
    };
    // Editors and shells put a line end behind what they write.
    if (is_space(size - 1) && content.ends_with('\n')) content.remove_suffix(1);
    if (!is_space(content.size()))
        return std::unexpected(Error{
            .kind = Error::Kind::Malformed,
            .what =
                fmt::format("{}: not text, and {} bytes are no configuration space", file, size),
            .hint = "A copy of the file `config` in sysfs has 64, 256 or 4096 bytes"});
    return pci::ConfigImage::from_bytes(std::as_bytes(std::span{content}));
}

}  // namespace tenon::capture

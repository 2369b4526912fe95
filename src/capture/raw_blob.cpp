#include "capture/raw_blob.hpp"

#include <span>

namespace tenon::capture {

bool is_binary(std::string_view content) {
    return content.contains('\0') || content.contains('\xff');
}

Result<pci::ConfigImage> parse_raw_blob(std::string_view content, std::string_view file) {
    const auto size = content.size();
    if (size != pci::header_size && size != pci::conventional_size && size != pci::express_size)
        return std::unexpected(Error{
            .kind = Error::Kind::Malformed,
            .what =
                fmt::format("{}: not text, and {} bytes are no configuration space", file, size),
            .hint = "A copy of the file `config` in sysfs has 64, 256 or 4096 bytes"});
    return pci::ConfigImage::from_bytes(std::as_bytes(std::span{content}));
}

}  // namespace tenon::capture

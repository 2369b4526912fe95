#include "pci/config_image.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace tenon::pci {

Result<ConfigImage> ConfigImage::from_bytes(std::span<const std::byte> bytes) {
    if (bytes.size() < header_size || bytes.size() > express_size || bytes.size() % 4 != 0)
        return malformed("{} bytes are no configuration space: 64, 256 or 4096 are", bytes.size());
    ConfigImage image{bytes.size()};
    std::ranges::copy(bytes, image.bytes_.begin());
    return image;
}

template <std::unsigned_integral Word>
Word ConfigImage::read(std::size_t offset) const {
    if (bytes_.size() < sizeof(Word) || offset > bytes_.size() - sizeof(Word))
        return static_cast<Word>(~Word{0});
    return load<Word>(bytes_, offset);
}

template <std::unsigned_integral Word>
void ConfigImage::write(std::size_t offset, Word value) {
    if (bytes_.size() < sizeof(Word) || offset > bytes_.size() - sizeof(Word)) return;
    store<Word>(bytes_, offset, value);
}

template std::uint8_t ConfigImage::read<std::uint8_t>(std::size_t) const;
template std::uint16_t ConfigImage::read<std::uint16_t>(std::size_t) const;
template std::uint32_t ConfigImage::read<std::uint32_t>(std::size_t) const;
template std::uint64_t ConfigImage::read<std::uint64_t>(std::size_t) const;
template void ConfigImage::write<std::uint8_t>(std::size_t, std::uint8_t);
template void ConfigImage::write<std::uint16_t>(std::size_t, std::uint16_t);
template void ConfigImage::write<std::uint32_t>(std::size_t, std::uint32_t);
template void ConfigImage::write<std::uint64_t>(std::size_t, std::uint64_t);

}  // namespace tenon::pci

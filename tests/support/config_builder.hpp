// Builds the configuration space of a function for a test, register by register.
//
//     ConfigBuilder{}.express(0x80, 0xb0).msix(0xb0, 0).extended(0x100, 0x01, 0).image()
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/config_image.hpp"

namespace tenon::support {

class ConfigBuilder {
public:
    /// An NVMe controller without BAR or capability; `known` bytes of it were read.
    explicit ConfigBuilder(std::size_t known = pci::express_size) : image_{known} {
        put32(0x00, 0x00101b36);  // vendor 1b36, device 0010
        put32(0x08, 0x01080202);  // class 010802, revision 2
    }

    ConfigBuilder& put8(std::size_t at, std::uint8_t value) { return put(at, value); }
    ConfigBuilder& put16(std::size_t at, std::uint16_t value) { return put(at, value); }
    ConfigBuilder& put32(std::size_t at, std::uint32_t value) { return put(at, value); }

    /// The first pointer of the standard list, and the Status bit that says there is one.
    ConfigBuilder& head(std::uint8_t at) { return put8(0x34, at).put16(0x06, 0x0010); }

    /// Header of a standard capability.
    ConfigBuilder& standard(std::size_t at, std::uint8_t id, std::uint8_t next) {
        return put8(at, id).put8(at + 1, next);
    }

    /// Header of an extended capability of version 1.
    ConfigBuilder& extended(std::size_t at, std::uint16_t id, std::uint16_t next) {
        return put32(at, id | 1u << 16 | static_cast<std::uint32_t>(next) << 20);
    }

    /// A version 2 PCI Express capability of this device/port type: x4 at 8 GT/s, payload 256
    /// bytes, with function level reset.
    ConfigBuilder& express(std::uint8_t at, std::uint8_t next, std::uint16_t type = 0) {
        return standard(at, 0x10, next)
            .put16(at + 2u, static_cast<std::uint16_t>(2u | static_cast<unsigned>(type) << 4))
            .put32(at + 4u, 0x10008001)
            .put32(at + 0x0cu, 0x00000043)
            .put16(at + 0x12u, 0x0043);
    }

    /// Device Capabilities 2 and Device Control 2 of a PCI Express capability at `at`.
    ConfigBuilder& second_registers(std::uint8_t at, std::uint32_t capabilities,
                                    std::uint16_t control = 0) {
        return put32(at + 0x24u, capabilities).put16(at + 0x28u, control);
    }

    /// MSI-X with `vectors`; table at 0x2000 and pending bits at 0x3000 of BAR 0.
    ConfigBuilder& msix(std::uint8_t at, std::uint8_t next, std::uint16_t vectors = 8) {
        return standard(at, 0x11, next)
            .put16(at + 2u, static_cast<std::uint16_t>(vectors - 1))
            .put32(at + 4u, 0x2000)
            .put32(at + 8u, 0x3000);
    }

    const pci::ConfigImage& image() const { return image_; }

private:
    template <std::unsigned_integral Word>
    ConfigBuilder& put(std::size_t at, Word value) {
        image_.write<Word>(at, value);
        return *this;
    }

    pci::ConfigImage image_;
};

}  // namespace tenon::support

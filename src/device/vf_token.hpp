// The secret that a virtual function's user shares with the user of its physical function.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenon::device {

/// A UUID that vfio-pci wants for a virtual function whose physical function it has as well.
/// Source: include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_PCI_VF_TOKEN.
struct VfToken {
    std::array<std::byte, 16> bytes{};  ///< In the order of the text.

    bool operator==(const VfToken&) const = default;
};

/// Reads "01234567-89ab-cdef-0123-456789abcdef", in either case.
/// Errors: Malformed, quoting it.
Result<VfToken> parse_vf_token(std::string_view text);

/// The same text, in lower case.
std::string to_string(const VfToken& token);

}  // namespace tenon::device

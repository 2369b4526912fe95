// The capabilities that VFIO appends to what it tells of a device, a region or an IOMMU: a chain of
// offsets inside one buffer, which the kernel wants to be as large as it says.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "host/kernel.hpp"

namespace tenon::host::vfio {

/// One capability of an answer.
struct InfoCapability {
    std::uint16_t id = 0;
    std::uint16_t version = 0;
    std::span<const std::byte> bytes;  ///< From its header to the end of the answer.
};

/// Asks for a structure that begins with its own size (argsz), and asks again with as much room as
/// the kernel wants. `question` is the fixed part, filled in. `what` names the object.
/// Errors: errno of the ioctl; Malformed if the kernel keeps wanting more, or more than 1 MiB.
Result<std::vector<std::byte>> ask_growing(Kernel& kernel, int file, unsigned long request,
                                           std::span<const std::byte> question,
                                           std::string_view what);

/// The capabilities of `answer`, the first at byte `first` (0: there is none). `fixed` bytes of the
/// answer are not theirs. Who asks keeps the answer as long as the capabilities.
/// Errors: Malformed if one lies outside, the chain comes back to one, or there are more than 256.
Result<std::vector<InfoCapability>> list_info_capabilities(std::span<const std::byte> answer,
                                                           std::uint32_t first, std::size_t fixed);

}  // namespace tenon::host::vfio

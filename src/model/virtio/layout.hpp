// Where the structures of a function of ours are: one BAR, a page for each. Offsets and sizes are
// bytes. Source: VIRTIO 1.2, 4.1.4.
#pragma once

#include <cstdint>

namespace tenon::model::virtio::layout {

inline constexpr unsigned bar = 0;
inline constexpr std::uint32_t bar_size = 0x8000;

inline constexpr std::uint32_t common = 0x0000;
inline constexpr std::uint32_t common_size = 56;  ///< What follows needs features not offered.
inline constexpr std::uint32_t interrupt_status = 0x1000;
inline constexpr std::uint32_t device = 0x2000;
inline constexpr std::uint32_t device_size = 256;  ///< As much as a message carries safely.
inline constexpr std::uint32_t notify = 0x3000;
inline constexpr std::uint32_t notify_step = 4;  ///< From the doorbell of a queue to the next.
inline constexpr std::uint32_t table = 0x4000;   ///< Of MSI-X.
inline constexpr std::uint32_t pending = 0x5000;

/// The capability whose last four bytes are a window into the BAR.
inline constexpr std::uint16_t access_capability = 0xd4;

}  // namespace tenon::model::virtio::layout

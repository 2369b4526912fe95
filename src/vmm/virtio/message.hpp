// Messages of vhost-user as they are on the wire, in the machine's byte order.
// Source: QEMU, docs/interop/vhost-user.rst of 11.1, "Message Specification".
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon::vmm::virtio {

/// What the front end asks.
enum class Request : std::uint32_t {
    GetFeatures = 1,
    SetFeatures = 2,
    SetOwner = 3,
    SetMemoryTable = 5,
    SetVringNumber = 8,
    SetVringAddress = 9,
    SetVringBase = 10,
    GetVringBase = 11,
    SetVringKick = 12,
    SetVringCall = 13,
    GetProtocolFeatures = 15,
    SetProtocolFeatures = 16,
    GetQueueNumber = 17,
    SetVringEnable = 18,
    GetConfig = 24,
    SetConfig = 25,
};

/// Before each payload.
struct Header {
    std::uint32_t request = 0;
    std::uint32_t flags = 0;
    std::uint32_t size = 0;  ///< Bytes of the payload.
};
static_assert(sizeof(Header) == 12);

namespace flag {
inline constexpr std::uint32_t version_mask = 3;
inline constexpr std::uint32_t version = 1;
inline constexpr std::uint32_t reply = 4;
inline constexpr std::uint32_t need_reply = 8;
}  // namespace flag

/// The most that any message here has.
inline constexpr std::size_t most_payload = 4096;
inline constexpr std::size_t most_files = 8;

/// Bits of the features that are the protocol's own.
namespace feature {
inline constexpr std::uint64_t notify_on_empty = std::uint64_t{1} << 24;
inline constexpr std::uint64_t log_all = std::uint64_t{1} << 26;
inline constexpr std::uint64_t protocol_features = std::uint64_t{1} << 30;
inline constexpr std::uint64_t access_platform = std::uint64_t{1} << 33;
inline constexpr std::uint64_t ring_packed = std::uint64_t{1} << 34;
inline constexpr std::uint64_t sr_iov = std::uint64_t{1} << 37;
inline constexpr std::uint64_t notification_data = std::uint64_t{1} << 38;
inline constexpr std::uint64_t notification_config_data = std::uint64_t{1} << 39;
inline constexpr std::uint64_t ring_reset = std::uint64_t{1} << 40;
inline constexpr std::uint64_t admin_queue = std::uint64_t{1} << 41;
}  // namespace feature

namespace protocol {
inline constexpr std::uint64_t multiqueue = 1 << 0;
inline constexpr std::uint64_t reply_ack = 1 << 3;
inline constexpr std::uint64_t config = 1 << 9;
}  // namespace protocol

struct VringState {
    std::uint32_t index = 0;
    std::uint32_t number = 0;
};
static_assert(sizeof(VringState) == 8);

struct VringAddress {
    std::uint32_t index = 0;
    std::uint32_t flags = 0;
    std::uint64_t descriptors = 0;
    std::uint64_t used = 0;
    std::uint64_t available = 0;
    std::uint64_t log = 0;
};
static_assert(sizeof(VringAddress) == 40);

struct MemoryRegion {
    std::uint64_t guest = 0;
    std::uint64_t size = 0;
    std::uint64_t user = 0;    ///< By which rings are named.
    std::uint64_t offset = 0;  ///< In its file.
};
static_assert(sizeof(MemoryRegion) == 32);

struct MemoryTable {
    std::uint32_t count = 0;
    std::uint32_t padding = 0;
    MemoryRegion regions[most_files] = {};
};
static_assert(sizeof(MemoryTable) == 264);

struct ConfigHead {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t flags = 0;
};
static_assert(sizeof(ConfigHead) == 12);

}  // namespace tenon::vmm::virtio

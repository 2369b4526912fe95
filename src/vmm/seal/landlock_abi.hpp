// Landlock as newer kernels have it; Debian 12's header knows its second version.
// Source: include/uapi/linux/landlock.h of Linux 6.12.
#pragma once

#include <linux/landlock.h>

#include <cstdint>

namespace tenon::vmm::seal::abi {

/// landlock_ruleset_attr. Older kernels take its beginning: 8 bytes, from version 4 on 16, from
/// version 6 on 24.
struct Ruleset {
    std::uint64_t files = 0;    ///< LANDLOCK_ACCESS_FS_…
    std::uint64_t network = 0;  ///< LANDLOCK_ACCESS_NET_…
    std::uint64_t scoped = 0;   ///< LANDLOCK_SCOPE_…
};
static_assert(sizeof(Ruleset) == 24);

/// landlock_path_beneath_attr, which the kernel has packed.
struct [[gnu::packed]] PathBeneath {
    std::uint64_t allowed = 0;
    std::int32_t parent = -1;  ///< A descriptor.
};
static_assert(sizeof(PathBeneath) == 12);

inline constexpr std::uint64_t truncate = 1u << 14;         ///< Version 3.
inline constexpr std::uint64_t device_ioctl = 1u << 15;     ///< Version 5.
inline constexpr std::uint64_t tcp_bind = 1u << 0;          ///< Version 4.
inline constexpr std::uint64_t tcp_connect = 1u << 1;       ///< Version 4.
inline constexpr std::uint64_t abstract_sockets = 1u << 0;  ///< Version 6.
inline constexpr std::uint64_t signals = 1u << 1;           ///< Version 6.

}  // namespace tenon::vmm::seal::abi

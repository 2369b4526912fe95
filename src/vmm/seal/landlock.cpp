#include "vmm/seal/landlock.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.hpp"
#include "vmm/seal/landlock_abi.hpp"

namespace tenon::vmm::seal {
namespace {

// All that version 1 knows: from LANDLOCK_ACCESS_FS_EXECUTE to LANDLOCK_ACCESS_FS_MAKE_SYM.
constexpr std::uint64_t first_files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

std::uint64_t bits_of(FileRight::Kind kind) {
    switch (kind) {
        case FileRight::Kind::Read:
            return reading;
        case FileRight::Kind::Device:
            return reading | LANDLOCK_ACCESS_FS_WRITE_FILE | abi::device_ioctl;
        case FileRight::Kind::Remove:
            return LANDLOCK_ACCESS_FS_REMOVE_FILE;
    }
    return 0;
}

Result<void> allow(const Fd& ruleset, const FileRight& right, std::uint64_t known) {
    const Fd place{::open(right.path.c_str(), O_PATH | O_CLOEXEC)};
    if (!place) return {};
    constexpr std::uint64_t of_folders =
        LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE;
    abi::PathBeneath rule{.allowed = bits_of(right.kind) & known, .parent = place.number()};
    if (::syscall(SYS_landlock_add_rule, ruleset.number(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ==
        0)
        return {};
    // A file takes no right of a folder.
    rule.allowed &= ~of_folders;
    if (errno == EINVAL && rule.allowed != 0 &&
        ::syscall(SYS_landlock_add_rule, ruleset.number(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ==
            0)
        return {};
    return fail_system(errno, right.path);
}

}  // namespace

Deniable deniable(int version) {
    if (version < 1) return {};
    Deniable can{.files = first_files, .network = 0, .scoped = 0, .size = 8};
    if (version >= 2) can.files |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) can.files |= abi::truncate;
    if (version >= 4) {
        can.network = abi::tcp_bind | abi::tcp_connect;
        can.size = 16;
    }
    if (version >= 5) can.files |= abi::device_ioctl;
    if (version >= 6) {
        can.scoped = abi::abstract_sockets | abi::signals;
        can.size = 24;
    }
    return can;
}

int landlock_version() {
    const auto version = ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0},
                                   LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? static_cast<int>(version) : 0;
}

Result<void> restrict_files(int version, std::span<const FileRight> rights,
                            SignalsOutside signals) {
    auto can = deniable(version);
    if (signals == SignalsOutside::Allowed) can.scoped &= ~abi::signals;
    const abi::Ruleset attributes{.files = can.files, .network = can.network, .scoped = can.scoped};
    const Fd ruleset{static_cast<int>(
        ::syscall(SYS_landlock_create_ruleset, &attributes, can.size, std::uint32_t{0}))};
    if (!ruleset) return fail_system(errno, "Landlock");
    for (const auto& right : rights)
        TENON_TRY_DO(allow(ruleset, right, can.files), "Landlock");
    if (::syscall(SYS_landlock_restrict_self, ruleset.number(), std::uint32_t{0}) < 0)
        return fail_system(errno, "Landlock");
    return {};
}

}  // namespace tenon::vmm::seal

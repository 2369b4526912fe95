#include "host/sysfs/users.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "device/uses.hpp"
#include "host/sysfs/mounts.hpp"
#include "host/sysfs/networks.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::host::sysfs {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(ParseMounts, TakesDevicePointTypeAndSource) {
    EXPECT_THAT(parse_mounts("25 1 253:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
                             "26 25 0:40 / /srv/my\\040disk rw - zfs tank/home rw\n"
                             "no line\n27 25 0:1 / /x rw -\n"),
                ElementsAre(Mount{"253:1", "/", "ext4", "/dev/vda1"},
                            Mount{"0:40", "/srv/my disk", "zfs", "tank/home"}));
}

TEST(ParseSwaps, PassesOverTheHead) {
    EXPECT_THAT(parse_swaps("Filename\t\t\t\tType\n/dev/dm-1                partition\t8\n"),
                ElementsAre("/dev/dm-1"));
}

// eth0 has 192.168.1.5/24 and the default route, eth1 10.0.0.0/8 with 10.1.2.3.
constexpr std::string_view route =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
    "eth1\t0000000A\t00000000\t0001\t0\t0\t100\t000000FF\t0\t0\t0\n";
constexpr std::string_view trie =
    "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.168.1.0\n        /24 link UNICAST\n"
    "Local:\n     |-- 10.1.2.3\n        /32 host LOCAL\n     |-- 127.0.0.1\n"
    "        /32 host LOCAL\n     |-- 192.168.1.5\n        /32 host LOCAL\n"
    "     |-- 192.168.1.255\n        /32 link BROADCAST\n";

TEST(ParseNetworks, TakesAddressesAndDefaultRoutes) {
    const auto networks = parse_networks(
        route, trie,
        "20010db8000000000000000000000007 02 40 00 80     eth1\n"
        "fe80000000000000021b21fffeaabbcc 02 40 20 80     eth0\n"
        "00000000000000000000000000000001 01 80 10 80       lo\n",
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth1\n"
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200     eth2\n");

    EXPECT_THAT(networks.addresses,
                ElementsAre(Pair("eth0", ElementsAre("192.168.1.5")),
                            Pair("eth1", ElementsAre("10.1.2.3", "2001:db8::7"))));
    EXPECT_THAT(networks.default_routes, ElementsAre("eth0", "eth1"));
}

TEST(ParseNetworks, TakesWhateverIsThere) {
    EXPECT_EQ(parse_networks("", "", "", ""), Networks{});
    EXPECT_EQ(parse_networks("eth0\tx\ty\tz\t\t\t\tm\n", "|-- 1.2.3\n/32 host LOCAL", "12 x", "0"),
              Networks{});
}

// A host with a function at 00:02.0 and one at 00:03.0.
class UsersOfHost : public testing::Test {
protected:
    UsersOfHost() {
        for (const auto* const address : {"0000:00:02.0", "0000:00:03.0"})
            tree_.add({.address = address, .config = std::vector<std::byte>(64)});
    }

    // A device `name` of `kind`, "block" or "net", below a function or, without one, virtual.
    void add(std::string_view kind, std::string_view name, const std::string& below = "") {
        const auto place = below.empty() ? fs::path{tree_.sysfs()} / "devices/virtual" / kind / name
                                         : tree_.file(below, kind) / name;
        fs::create_directories(place);
        const auto all = fs::path{tree_.sysfs()} / "class" / kind;
        fs::create_directories(all);
        fs::create_directory_symlink(place, all / name);
    }

    void write(const std::string& path, std::string_view content) {
        tree_.write(tree_.sysfs() + "/class/" + path, content);
    }
    void make(const std::string& path) { fs::create_directories(tree_.sysfs() + "/class/" + path); }

    std::vector<std::string> uses_of(unsigned device) const {
        std::vector<std::string> words;
        for (const auto& use :
             Users{{.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}.of(
                 {.device = static_cast<std::uint8_t>(device)}))
            words.push_back(device::words_of(use));
        return words;
    }

    support::FakeSysfs tree_;
};

TEST_F(UsersOfHost, AreNoneWhereThereIsNothing) {
    EXPECT_THAT(uses_of(2), IsEmpty());
    EXPECT_THAT(uses_of(9), IsEmpty());
}

TEST_F(UsersOfHost, HaveFileSystemsAndSwapOfPartitions) {
    add("block", "vda", "0000:00:02.0");
    add("block", "vda1", "0000:00:02.0");
    add("block", "vda2", "0000:00:02.0");
    add("block", "vdb", "0000:00:03.0");
    write("block/vda1/dev", "253:1\n");
    tree_.write(tree_.proc() + "/self/mountinfo",
                "25 1 253:1 / / rw - ext4 /dev/root rw\n26 1 253:1 /v /var/v rw - ext4 /dev/root "
                "rw\n");
    tree_.write(tree_.proc() + "/swaps", "Filename Type\n/dev/vda2 partition 1 0 -2\n");

    EXPECT_THAT(uses_of(2), ElementsAre("holds / (vda1)", "holds swap (vda2)"));
    EXPECT_THAT(uses_of(3), IsEmpty());
}

TEST_F(UsersOfHost, HaveWhatIsMadeOfTheirDisks) {
    add("block", "sda3", "0000:00:02.0");
    add("block", "dm-0");
    add("block", "sdb1", "0000:00:03.0");
    write("block/dm-0/dm/name", "vg-root\n");
    make("block/sda3/holders/dm-0");
    make("block/sdb1/holders/md127");
    tree_.write(tree_.proc() + "/self/mountinfo",
                "25 1 0:9 / / rw - btrfs /dev/mapper/vg-root rw\n");

    EXPECT_THAT(uses_of(2), ElementsAre("holds / (vg-root on sda3)"));
    EXPECT_THAT(uses_of(3), ElementsAre("is part of md127 (sdb1)"));
}

TEST_F(UsersOfHost, EndWhereHoldersHoldEachOther) {
    add("block", "sda", "0000:00:02.0");
    add("block", "dm-0");
    make("block/sda/holders/dm-0");
    make("block/dm-0/holders/dm-0");

    EXPECT_THAT(uses_of(2), ElementsAre(HasSubstr("is part of dm-0")));
}

TEST_F(UsersOfHost, HaveEveryDiskOfAFileSystemOfSeveral) {
    add("block", "vda", "0000:00:02.0");
    add("block", "vdb", "0000:00:03.0");
    const auto devices = tree_.sysfs() + "/fs/btrfs/11-22/devices/";
    fs::create_directories(devices + "vda");
    fs::create_directories(devices + "vdb");
    tree_.write(tree_.proc() + "/self/mountinfo", "25 1 0:9 / /data rw - btrfs /dev/vda rw\n");

    EXPECT_THAT(uses_of(3), ElementsAre("holds /data (vdb)"));
}

TEST_F(UsersOfHost, SayThatTheDisksOfAZfsPoolAreNotTold) {
    add("block", "vda", "0000:00:02.0");
    tree_.write(tree_.proc() + "/spl/kstat/zfs/arcstats", "");
    tree_.write(tree_.proc() + "/spl/kstat/zfs/tank/state", "ONLINE\n");

    EXPECT_THAT(uses_of(2), ElementsAre("may be in use (which disks ZFS pool tank has is not told: "
                                        "vda)"));
}

TEST_F(UsersOfHost, HaveDisksThatNvmeReachesInSeveralWays) {
    const auto subsystem = fs::path{tree_.sysfs()} / "devices/virtual/nvme-subsystem/nvme-subsys0";
    fs::create_directories(subsystem / "nvme0n1");
    fs::create_directories(tree_.file("0000:00:02.0", "nvme/nvme0"));
    fs::create_directory_symlink(tree_.file("0000:00:02.0", "nvme/nvme0"), subsystem / "nvme0");
    fs::create_directories(tree_.sysfs() + "/class/block");
    fs::create_directory_symlink(subsystem / "nvme0n1", tree_.sysfs() + "/class/block/nvme0n1");
    write("block/nvme0n1/dev", "259:0\n");
    tree_.write(tree_.proc() + "/self/mountinfo", "25 1 259:0 / / rw - xfs /dev/nvme0n1 rw\n");

    EXPECT_THAT(uses_of(2), ElementsAre("holds / (nvme0n1)"));
}

TEST_F(UsersOfHost, MayHoldAnythingWhereMountsCannotBeRead) {
    add("block", "vda", "0000:00:02.0");
    fs::create_directories(tree_.proc() + "/self/mountinfo");

    EXPECT_THAT(uses_of(2), ElementsAre(HasSubstr("may be in use")));
}

TEST_F(UsersOfHost, HaveAddressesAndTheDefaultRouteOfTheirInterfaces) {
    add("net", "eth0", "0000:00:02.0");
    add("net", "eth1", "0000:00:03.0");
    tree_.write(tree_.proc() + "/net/route", route);
    tree_.write(tree_.proc() + "/net/fib_trie", trie);

    EXPECT_THAT(uses_of(2), ElementsAre("has the host's address 192.168.1.5 (eth0)",
                                        "has the host's default route (eth0)"));
    EXPECT_THAT(uses_of(3), ElementsAre("has the host's address 10.1.2.3 (eth1)"));
}

TEST_F(UsersOfHost, HaveThoseOfABridgeThatTheirInterfaceIsIn) {
    add("net", "enp3s0", "0000:00:03.0");
    add("net", "eth0");
    make("net/enp3s0/upper_eth0");
    tree_.write(tree_.proc() + "/net/route", route);

    EXPECT_THAT(uses_of(3), ElementsAre("has the host's default route (eth0 on enp3s0)"));
}

TEST_F(UsersOfHost, AreOfNetworksThatHaveNoAddressHere) {
    add("net", "eth0", "0000:00:03.0");
    add("net", "vmbr0");
    make("net/eth0/upper_vmbr0");

    EXPECT_THAT(uses_of(3), ElementsAre("is part of vmbr0 (eth0)"));
}

TEST_F(UsersOfHost, AreOfAPhysicalFunctionByItsVirtualOnes) {
    tree_.add({.address = "0000:00:04.0",
               .config = std::vector<std::byte>(64),
               .physical_function = "0000:00:02.0"});
    add("net", "eth0", "0000:00:04.0");
    tree_.write(tree_.proc() + "/net/route", route);

    EXPECT_THAT(uses_of(2), ElementsAre("has the host's default route (eth0, by its virtual "
                                        "function 0000:00:04.0)"));
}

TEST_F(UsersOfHost, AreDisplays) {
    tree_.write(tree_.file("0000:00:02.0", "boot_vga"), "1\n");
    tree_.write(tree_.file("0000:00:03.0", "boot_vga"), "0\n");
    add("graphics", "fb0", "0000:00:02.0");
    add("drm", "card1", "0000:00:02.0");
    add("drm", "card1-DP-1", "0000:00:02.0");
    write("drm/card1-DP-1/enabled", "enabled\n");
    tree_.write(tree_.sysfs() + "/kernel/debug/dri/1/clients",
                "command  tid dev master a   uid      magic\n"
                "   Xorg  812   1   y    y     0          0\n"
                "  steam  999   1   n    y  1000          3\n");

    EXPECT_THAT(uses_of(2),
                ElementsAre("is a display of the host (boot VGA, framebuffer fb0, shown "
                            "by Xorg, screen at card1-DP-1)"));
    EXPECT_THAT(uses_of(3), IsEmpty());
}

TEST_F(UsersOfHost, AreOfTheMembersOfAGroupToo) {
    tree_.write(tree_.file("0000:00:03.0", "boot_vga"), "1\n");
    device::DeviceFacts facts;
    facts.address = pci::Address{.device = 2};
    facts.group = device::GroupFacts{.number = 1, .members = {{.address = {.device = 3}}}};

    Users{{.sysfs = tree_.sysfs(), .dev = tree_.dev(), .proc = tree_.proc()}}.add_to(facts);

    EXPECT_THAT(*facts.uses, IsEmpty());
    EXPECT_EQ(facts.group->members[0].uses.size(), 1u);
}

}  // namespace
}  // namespace tenon::host::sysfs

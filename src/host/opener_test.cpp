#include "host/opener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <vector>

#include "tests/support/fake_host.hpp"

namespace tenon::host {
namespace {

using device::Interface;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr auto first = "0000:01:00.0";
constexpr auto second = "0000:01:00.1";
constexpr auto third = "0000:02:00.0";

alignas(4096) std::array<std::byte, 0x4000> memory;

std::span<std::byte> pages(std::size_t count) { return {memory.data(), count * 0x1000}; }

// Two functions of group 14 and one of group 15.
class OpenerTest : public testing::Test {
protected:
    std::vector<device::DeviceFacts> facts() const { return {host_.facts(first)}; }

    Result<std::unique_ptr<device::DeviceOpener>> make(Interface interface,
                                                       Spaces spaces = Spaces::One) {
        return make_opener(interface, facts(), {}, host_.kernel(), host_.paths(), spaces);
    }

    void remove_node(std::string_view name) {
        std::filesystem::remove(std::filesystem::path{host_.paths().dev} / name);
    }

    support::FakeHost host_;
    support::FakeFunction& first_ = host_.add(first, "14", 3);
    support::FakeFunction& second_ = host_.add(second, "14", 4);
    support::FakeFunction& third_ = host_.add(third, "15", 5);
};

struct Mode {
    const char* name;
    Interface interface;
    Spaces spaces;
};

// What holds for both interfaces.
class EitherOpenerTest : public OpenerTest, public testing::WithParamInterface<Mode> {
protected:
    Result<std::unique_ptr<device::DeviceOpener>> try_opener() {
        return make(GetParam().interface, GetParam().spaces);
    }
    std::unique_ptr<device::DeviceOpener> opener() { return try_opener().value(); }
};

INSTANTIATE_TEST_SUITE_P(Interfaces, EitherOpenerTest,
                         testing::Values(Mode{"Group", Interface::Group, Spaces::One},
                                         Mode{"GroupApart", Interface::Group, Spaces::BehindIommu},
                                         Mode{"Iommufd", Interface::Iommufd, Spaces::One}),
                         [](const auto& mode) { return mode.param.name; });

TEST_P(EitherOpenerTest, OpensAFunction) {
    const auto opener = this->opener();

    const auto device = opener->open(host_.facts(first), {});

    ASSERT_TRUE(device);
    EXPECT_EQ((*device)->facts()->config.read16(0), 0x1b36);
    EXPECT_GE((*device)->kvm_file(), 0);
    EXPECT_EQ(first_.opened(), 1u);
}

TEST_P(EitherOpenerTest, OpensSeveralFunctionsOfOneGroupAndOfOthers) {
    const auto opener = this->opener();

    const auto one = opener->open(host_.facts(first), {});
    const auto two = opener->open(host_.facts(second), {});
    const auto three = opener->open(host_.facts(third), {});

    ASSERT_TRUE(one);
    ASSERT_TRUE(two);
    ASSERT_TRUE(three);
    EXPECT_EQ(first_.opened() + second_.opened() + third_.opened(), 3u);
}

TEST_P(EitherOpenerTest, GivesEverythingBack) {
    {
        const auto opener = this->opener();
        ASSERT_TRUE(opener->address_space().map(Iova{0}, pages(1)));
        const auto one = opener->open(host_.facts(first), {});
        const auto two = opener->open(host_.facts(second), {});
    }

    EXPECT_EQ(host_.kernel().open_files(), 0u);
    EXPECT_THAT(host_.kernel().mistakes(), IsEmpty());
    EXPECT_EQ(first_.opened(), 0u);
}

TEST_P(EitherOpenerTest, ResetsADeviceAtItsEndUnlessTold) {
    const auto opener = this->opener();
    const auto resets_of = [&](const device::Access& access) {
        auto device = opener->open(host_.facts(first), access).value();
        const auto before = first_.resets();
        device.reset();
        return first_.resets() - before;
    };

    // The kernel's own, as the file closes, is in both.
    EXPECT_EQ(resets_of({}), 2u);
    EXPECT_EQ(resets_of({.resets = false}), 1u);
}

TEST_P(EitherOpenerTest, LetsADeviceOutliveIt) {
    auto opener = this->opener();
    auto device = opener->open(host_.facts(first), {}).value();

    opener.reset();
    EXPECT_TRUE(device->facts());
    device.reset();

    EXPECT_EQ(host_.kernel().open_files(), 0u);
    EXPECT_THAT(host_.kernel().mistakes(), IsEmpty());
}

TEST_P(EitherOpenerTest, OpensAFunctionOnce) {
    const auto opener = this->opener();
    const auto device = opener->open(host_.facts(first), {});

    const auto again = opener->open(host_.facts(first), {});

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, Error::Kind::Busy);
    EXPECT_EQ(again.error().what, "0000:01:00.0 is open already");
    EXPECT_EQ(first_.opened(), 1u);
}

TEST_P(EitherOpenerTest, OpensAgainWhatWasGivenBack) {
    const auto opener = this->opener();
    ASSERT_TRUE(opener->open(host_.facts(first), {}));

    EXPECT_TRUE(opener->open(host_.facts(first), {}));
    EXPECT_TRUE(opener->open(host_.facts(second), {}));
}

TEST_P(EitherOpenerTest, NamesTheMembersThatMakeAGroupUnviable) {
    host_.tree().add({.address = "0000:01:00.2", .config = {}, .driver = "snd", .group = "14"});
    host_.kernel().traits().unviable = {"14"};
    const auto opener = this->opener();

    const auto device = opener->open(host_.facts(first), {});

    ASSERT_FALSE(device);
    EXPECT_THAT(device.error().what,
                AllOf(StartsWith("opening 0000:01:00.0: "),
                      HasSubstr("IOMMU group 14: the host uses 0000:01:00.2 (driver snd) of it")));
    EXPECT_THAT(device.error().hint, HasSubstr("devices/0000:01:00.2/driver/unbind"));
}

TEST_P(EitherOpenerTest, SaysThatAnotherProgramHasTheFunction) {
    const auto other = opener();
    const auto taken = other->open(host_.facts(first), {});
    const auto group = make_opener(Interface::Group, facts(), {}, host_.kernel(), host_.paths());
    ASSERT_TRUE(group);

    const auto device = (*group)->open(host_.facts(first), {});

    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().kind, Error::Kind::Busy);
    EXPECT_THAT(device.error().hint, HasSubstr("fuser -v"));
}

TEST_P(EitherOpenerTest, SaysHowToBindAFunction) {
    auto facts = host_.facts(first);
    facts.driver = Known<std::string>{std::string{"nvme"}};

    const auto device = opener()->open(facts, {});

    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().what, "0000:01:00.0: the host's driver nvme has it");
    EXPECT_THAT(device.error().hint, HasSubstr("echo 0000:01:00.0 > /sys/bus/pci/drivers_probe"));
}

// Every call that opening makes fails once: nothing stays open, and the message says where.
TEST_P(EitherOpenerTest, UndoesEverythingWhicheverCallFails) {
    const unsigned before = host_.kernel().faults().calls();
    {
        const auto opener = this->opener();
        ASSERT_TRUE(opener->address_space().map(Iova{0}, pages(1)));
        ASSERT_TRUE(opener->open(host_.facts(first), {}));
    }
    const unsigned calls = host_.kernel().faults().calls() - before;
    // The last ones give back: five vectors off, reset; then the group leaves its container, or the
    // function leaves its address space, which goes.
    const unsigned last = calls - (GetParam().interface == Interface::Group ? 7 : 8);

    for (unsigned n = 1; n <= last; ++n) {
        host_.kernel().faults().fail_call(n, EIO);
        Result<void> result;
        {
            const auto opener = try_opener();
            if (!opener) {
                result = std::unexpected(opener.error());
            } else if (auto mapped = (*opener)->address_space().map(Iova{0}, pages(1)); !mapped) {
                result = mapped;
            } else if (auto device = (*opener)->open(host_.facts(first), {}); !device) {
                result = std::unexpected(device.error());
            }
        }
        ASSERT_FALSE(result) << "call " << n;
        EXPECT_EQ(result.error().os_error, EIO) << result.error().what;
        EXPECT_THAT(result.error().what, AllOf(HasSubstr("ing "), HasSubstr("Input/output error")));
        EXPECT_EQ(host_.kernel().open_files(), 0u) << "call " << n;
        EXPECT_EQ(first_.opened(), 0u) << "call " << n;
        EXPECT_THAT(host_.kernel().mistakes(), IsEmpty()) << "call " << n;
    }
}

TEST_P(EitherOpenerTest, GivesEverythingBackWhicheverCallFailsThen) {
    for (unsigned n = 1; n <= 8; ++n) {
        auto opener = this->opener();
        auto device = opener->open(host_.facts(first), {}).value();
        host_.kernel().faults().fail_call(n, EIO);
        device.reset();
        opener.reset();
        EXPECT_EQ(host_.kernel().open_files(), 0u) << "call " << n;
        EXPECT_THAT(host_.kernel().mistakes(), IsEmpty()) << "call " << n;
    }
}

TEST_P(EitherOpenerTest, GivesTheVfTokenToTheKernel) {
    host_.kernel().traits().vf_token = "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3";
    const auto opener = this->opener();
    const auto right = device::parse_vf_token("bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3").value();
    const auto wrong = device::parse_vf_token("00000000-5a5f-4f5a-a211-f591514ba1f3").value();

    const auto none = opener->open(host_.facts(first), {});
    const auto other = opener->open(host_.facts(first), {.vf_token = wrong});

    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().hint, HasSubstr("give vf-token=UUID"));
    EXPECT_FALSE(other);
    EXPECT_TRUE(opener->open(host_.facts(first), {.vf_token = right}));
}

TEST_P(EitherOpenerTest, SaysThatATokenIsTooMuch) {
    const auto opener = this->opener();

    const auto device = opener->open(host_.facts(first), {.vf_token = device::VfToken{}});

    ASSERT_FALSE(device);
    EXPECT_EQ(first_.opened(), 0u);
}

TEST_P(EitherOpenerTest, SaysWhichInterfaceItIs) {
    EXPECT_EQ(opener()->interface(), GetParam().interface);
}

TEST_F(OpenerTest, ChoosesIommufdWhereItCan) {
    EXPECT_EQ(choose_interface(facts(), host_.kernel(), host_.paths()), Interface::Iommufd);
    EXPECT_EQ(host_.kernel().open_files(), 0u);
}

TEST_F(OpenerTest, ChoosesTheGroupWithoutIommufd) {
    remove_node("iommu");
    EXPECT_EQ(choose_interface(facts(), host_.kernel(), host_.paths()), Interface::Group);
}

TEST_F(OpenerTest, ChoosesTheGroupWithoutANodeOfTheFunction) {
    remove_node("vfio/devices/vfio3");
    EXPECT_EQ(choose_interface(facts(), host_.kernel(), host_.paths()), Interface::Group);
}

TEST_F(OpenerTest, ChoosesTheGroupWhereNodesDoNotOpen) {
    host_.kernel().faults().fail_call(1, EACCES);
    EXPECT_EQ(choose_interface(facts(), host_.kernel(), host_.paths()), Interface::Group);

    host_.kernel().faults().fail_call(2, EACCES);
    EXPECT_EQ(choose_interface(facts(), host_.kernel(), host_.paths()), Interface::Group);
    EXPECT_EQ(host_.kernel().open_files(), 0u);
}

TEST_F(OpenerTest, SaysThatIommufdIsMissing) {
    remove_node("iommu");

    const auto opener = make(Interface::Iommufd);

    ASSERT_FALSE(opener);
    EXPECT_EQ(opener.error().kind, Error::Kind::NotFound);
    EXPECT_THAT(to_string(opener.error()),
                AllOf(HasSubstr("/iommu: not there"), HasSubstr("built without iommufd"),
                      HasSubstr("use iommu=group")));
}

TEST_F(OpenerTest, SaysHowToLoadTheContainersDriver) {
    host_.kernel().traits().type1 = false;

    const auto opener = make(Interface::Group);

    ASSERT_FALSE(opener);
    EXPECT_THAT(to_string(opener.error()), HasSubstr("modprobe vfio_iommu_type1"));
}

TEST_F(OpenerTest, SaysThatThereIsNoContainer) {
    host_.kernel().traits().container = false;

    const auto opener = make(Interface::Group);

    ASSERT_FALSE(opener);
    EXPECT_THAT(to_string(opener.error()),
                AllOf(StartsWith("opening the VFIO container: "), HasSubstr("/vfio/vfio: ")));
}

TEST_F(OpenerTest, SaysWhichGroupNodeIsMissing) {
    const auto opener = make(Interface::Group).value();
    remove_node("vfio/14");

    const auto device = opener->open(host_.facts(first), {});

    ASSERT_FALSE(device);
    EXPECT_THAT(to_string(device.error()), HasSubstr("no group of it in /dev/vfio"));
}

TEST_P(EitherOpenerTest, ResetsABusWhoseFunctionsAreAllOpenHere) {
    support::FakeFunction::share_bus({&first_, &second_, &third_});
    const auto opened = opener();
    const auto one = opened->open(host_.facts(first), {}).value();
    const auto two = opened->open(host_.facts(second), {}).value();
    const auto three = opened->open(host_.facts(third), {}).value();
    const std::array owners{one->kvm_file(), two->kvm_file(), three->kvm_file()};

    const auto reset = one->hot_reset(owners);

    ASSERT_TRUE(reset) << reset.error().what;
    EXPECT_EQ(first_.bus_resets(), 1u);
    EXPECT_EQ(second_.bus_resets(), 1u);
    EXPECT_EQ(third_.bus_resets(), 1u);
}

TEST_P(EitherOpenerTest, SaysWhomAResetOfTheBusWouldHit) {
    support::FakeFunction::share_bus({&first_, &third_});
    const auto opened = opener();
    const auto one = opened->open(host_.facts(first), {}).value();
    const std::array owners{one->kvm_file()};

    const auto reset = one->hot_reset(owners);

    ASSERT_FALSE(reset);
    EXPECT_THAT(reset.error().what, HasSubstr("0000:01:00.0: resetting the bus above it"));
    EXPECT_THAT(reset.error().hint, HasSubstr(third));
    EXPECT_EQ(first_.bus_resets(), 0u);
}

// The kernel asks first what the reset hits, and resets then.
TEST_P(EitherOpenerTest, SaysThatABusDoesNotComeBack) {
    const auto opened = opener();
    const auto one = opened->open(host_.facts(first), {}).value();
    const std::array owners{one->kvm_file()};
    host_.kernel().faults().fail_call(1, ENOTTY);

    const auto reset = one->hot_reset(owners);

    ASSERT_FALSE(reset);
    EXPECT_THAT(reset.error().hint, HasSubstr("waited in vain for the link"));
}

}  // namespace
}  // namespace tenon::host

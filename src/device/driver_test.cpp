#include "device/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::device {
namespace {

using testing::ElementsAre;

constexpr pci::Address nvme{.bus = 0x65};

TEST(IsVfioDriver, KnowsTheKernelsVariants) {
    EXPECT_TRUE(is_vfio_driver("vfio-pci"));
    EXPECT_TRUE(is_vfio_driver("mlx5_vfio_pci"));
    EXPECT_TRUE(is_vfio_driver("nvgrace-gpu-vfio-pci"));
    EXPECT_FALSE(is_vfio_driver("nvme"));
    EXPECT_FALSE(is_vfio_driver(""));
}

TEST(BindCommands, TakeTheFunctionFromItsDriver) {
    EXPECT_THAT(bind_commands(nvme, "nvme"),
                ElementsAre("modprobe vfio-pci",
                            "echo vfio-pci > /sys/bus/pci/devices/0000:65:00.0/driver_override",
                            "echo 0000:65:00.0 > /sys/bus/pci/devices/0000:65:00.0/driver/unbind",
                            "echo 0000:65:00.0 > /sys/bus/pci/drivers_probe"));
}

TEST(BindCommands, UnbindNothingThatIsNotBound) {
    EXPECT_THAT(bind_commands(nvme, ""),
                ElementsAre("modprobe vfio-pci",
                            "echo vfio-pci > /sys/bus/pci/devices/0000:65:00.0/driver_override",
                            "echo 0000:65:00.0 > /sys/bus/pci/drivers_probe"));
}

}  // namespace
}  // namespace tenon::device

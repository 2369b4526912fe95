// How deep the stack gets where a device is plugged in, from reading it to its seat. In the release
// alone: a sanitizer and a build without optimization lay frames out otherwise.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <span>

#include "library/arrival.hpp"
#include "tests/support/config_builder.hpp"
#include "tests/support/fake_sysfs.hpp"
#include "tests/support/hot_plug_bench.hpp"

namespace tenon::cli {
namespace {

constexpr std::byte paint{0xa5};

// Runs `action` on a thread whose stack is painted; what of that it overwrote, in bytes.
std::size_t stack_of(std::function<void()> action) {
    constexpr std::size_t size = std::size_t{512} << 10;
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const std::span stack{static_cast<std::byte*>(memory), size};
    std::ranges::fill(stack, paint);
    pthread_attr_t how{};
    ::pthread_attr_init(&how);
    ::pthread_attr_setstack(&how, memory, size);
    pthread_t thread{};
    const auto run = [](void* what) -> void* {
        (*static_cast<std::function<void()>*>(what))();
        return nullptr;
    };
    EXPECT_EQ(::pthread_create(&thread, &how, run, &action), 0);
    ::pthread_join(thread, nullptr);
    ::pthread_attr_destroy(&how);
    // It grows down.
    const auto deepest = std::ranges::find_if(stack, [](std::byte one) { return one != paint; });
    const auto used = static_cast<std::size_t>(stack.end() - deepest);
    ::munmap(memory, size);
    return used;
}

// The C library's own: what the thread itself keeps there.
std::size_t stack_of_nothing() {
    return stack_of([] {});
}

TEST(PluggingADevice, TakesLessThan16KilobytesOfStack) {
    support::FakeSysfs tree;
    const auto image = support::ConfigBuilder{}.head(0x80).express(0x80, 0).image();
    tree.add({.address = "0000:01:00.0",
              .config = {image.bytes().begin(), image.bytes().end()},
              .driver = "vfio-pci",
              .group = "1"});
    support::HotPlugBench bench;
    const library::Host host{
        .sysfs =
            host::sysfs::Sysfs{{.sysfs = tree.sysfs(), .dev = tree.dev(), .proc = tree.proc()}},
        .make_opener = {},
        .find_function_of = {},
        .check_is_iommufd = {},
        .dma_limits = [] { return device::DmaLimits{.lock_limit_applies = false}; }};
    bench.plan_with([&](const auto& request, const auto& machine, auto& opened) {
        return library::plan_arrival(host, request.device, request.iommufd, machine, opened);
    });
    const auto first = tree.sysfs() + "/bus/pci/devices/0000:01:00.0";

    Result<vmm::slots::Plugged> plugged;
    const auto used =
        stack_of([&] { plugged = bench.hot_plug().add({.device = first + ",id=disk,port=rp0"}); });

    ASSERT_TRUE(plugged) << to_string(plugged.error());
    RecordProperty("bytes", static_cast<int>(used - stack_of_nothing()));
    EXPECT_LT(used - stack_of_nothing(), std::size_t{16} << 10);
}

}  // namespace
}  // namespace tenon::cli

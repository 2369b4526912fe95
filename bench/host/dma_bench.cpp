// How long it takes to give a device access to 1 GiB of memory, against the one ioctl of the kernel
// that it cannot do without. Goal: 1.05 of it. Runs where a function is bound to vfio-pci.
//
//     dma_bench ADDRESS [ROUNDS]
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "host/iommufd/iommufd_abi.hpp"
#include "host/opener.hpp"
#include "host/sysfs/sysfs.hpp"
#include "host/vfio/vfio_abi.hpp"

namespace tenon {
namespace {

namespace abi = host::abi;
using Clock = std::chrono::steady_clock;

constexpr std::size_t gibibyte = std::size_t{1} << 30;
constexpr std::uint64_t where = std::uint64_t{4} << 30;  // As guest memory above 4 GiB.

// Huge pages where the kernel gives them, all of them present: what is measured is the mapping.
std::span<std::byte> make_memory() {
    auto* const memory =
        ::mmap(nullptr, gibibyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return {};
    ::madvise(memory, gibibyte, MADV_HUGEPAGE);
    const std::span bytes{static_cast<std::byte*>(memory), gibibyte};
    for (std::size_t at = 0; at < bytes.size(); at += 4096)
        bytes[at] = std::byte{1};
    return bytes;
}

// A way to map; each maps at the same place.
class Mapper {
public:
    Mapper() = default;
    Mapper(const Mapper&) = delete;
    Mapper& operator=(const Mapper&) = delete;
    virtual ~Mapper() = default;
    virtual Result<void> map(std::span<std::byte> memory) = 0;
    virtual Result<void> unmap(std::span<std::byte> memory) = 0;
};

class Ours : public Mapper {
public:
    static Result<std::unique_ptr<Mapper>> open(const device::DeviceFacts& facts) {
        TENON_TRY(opener, host::make_opener(device::Interface::Iommufd, std::span{&facts, 1}), "");
        TENON_TRY(device, opener->open(facts, {}), "");
        return std::unique_ptr<Mapper>{new Ours{std::move(opener), std::move(device)}};
    }
    Result<void> map(std::span<std::byte> memory) override {
        return opener_->address_space().map(Iova{where}, memory);
    }
    Result<void> unmap(std::span<std::byte> memory) override {
        return opener_->address_space().unmap(Iova{where}, memory.size());
    }

private:
    Ours(std::unique_ptr<device::DeviceOpener> opener,
         std::unique_ptr<device::DeviceControl> device)
        : opener_{std::move(opener)}, device_{std::move(device)} {}

    std::unique_ptr<device::DeviceOpener> opener_;
    std::unique_ptr<device::DeviceControl> device_;
};

class Bare : public Mapper {
public:
    static Result<std::unique_ptr<Mapper>> open(const device::DeviceFacts& facts) {
        std::unique_ptr<Bare> bare{new Bare};
        TENON_TRY(space, Fd::open("/dev/iommu", O_RDWR), "");
        TENON_TRY(device, Fd::open(facts.nodes->cdev, O_RDWR), "");
        abi::IoasAlloc alloc{.size = sizeof alloc, .flags = 0, .out_ioas_id = 0};
        abi::BindIommufd bind{
            .argsz = sizeof bind, .flags = 0, .iommufd = space.number(), .out_devid = 0};
        // SAFETY: each structure is the one of its request.
        if (::ioctl(space.number(), abi::ioas_alloc, &alloc) != 0 ||
            ::ioctl(device.number(), abi::device_bind_iommufd, &bind) != 0)
            return fail_system(errno, "binding");
        abi::AttachIommufd attach{.argsz = sizeof attach, .flags = 0, .pt_id = alloc.out_ioas_id};
        if (::ioctl(device.number(), abi::device_attach_iommufd, &attach) != 0)
            return fail_system(errno, "attaching");
        bare->space_ = std::move(space);
        bare->device_ = std::move(device);
        bare->id_ = alloc.out_ioas_id;
        return bare;
    }
    Result<void> map(std::span<std::byte> memory) override {
        abi::IoasMap request{
            .size = sizeof request,
            .flags = abi::ioas_map_fixed_iova | abi::ioas_map_writeable | abi::ioas_map_readable,
            .ioas_id = id_,
            .reserved = 0,
            .user_va = std::bit_cast<std::uintptr_t>(memory.data()),
            .length = memory.size(),
            .iova = where,
        };
        // SAFETY: the memory lives as long as this process.
        if (::ioctl(space_.number(), abi::ioas_map, &request) != 0)
            return fail_system(errno, "map");
        return {};
    }
    Result<void> unmap(std::span<std::byte> memory) override {
        abi::IoasUnmap request{
            .size = sizeof request, .ioas_id = id_, .iova = where, .length = memory.size()};
        if (::ioctl(space_.number(), abi::ioas_unmap, &request) != 0)
            return fail_system(errno, "unmap");
        return {};
    }

private:
    Bare() = default;

    Fd space_;
    Fd device_;
    std::uint32_t id_ = 0;
};

// Milliseconds of the quickest of a few mappings; the first one, which warms up, does not count.
Result<double> measure(Mapper& mapper, std::span<std::byte> memory) {
    constexpr int tries = 5;
    auto best = std::chrono::duration<double, std::milli>::max();
    for (int n = 0; n <= tries; ++n) {
        const auto begun = Clock::now();
        TENON_TRY_DO(mapper.map(memory), "");
        const std::chrono::duration<double, std::milli> took = Clock::now() - begun;
        TENON_TRY_DO(mapper.unmap(memory), "");
        if (n > 0) best = std::min(best, took);
    }
    return best.count();
}

void print(std::string_view name, std::vector<double> values, std::string_view unit) {
    std::ranges::sort(values);
    fmt::print("  {:30}{:9.3f} {:9.3f} {:9.3f} {}\n", name, values.front(),
               values[values.size() / 2], values.back(), unit);
}

Result<void> run(const char* address, int rounds) {
    TENON_TRY(facts, host::sysfs::Sysfs{}.read_facts(address), "");
    if (!facts.nodes || facts.nodes->cdev.empty() || !facts.nodes->iommufd)
        return fail(Error::Kind::NotFound, "{}: this host has no iommufd for it", address);
    const auto memory = make_memory();
    if (memory.empty()) return fail_system(errno, "1 GiB of memory");
    std::vector<double> ours;
    std::vector<double> bare;
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round) {
        for (const bool first : {round % 2 == 0, round % 2 != 0}) {
            TENON_TRY(mapper, first ? Ours::open(facts) : Bare::open(facts), "");
            TENON_TRY(took, measure(*mapper, memory), "");
            (first ? ours : bare).push_back(took);
        }
        ratios.push_back(ours.back() / bare.back());
    }
    fmt::print("\nDMA map of 1 GiB\n{:32}{:>9} {:>9} {:>9}\n", "", "min", "median", "max");
    print("tenon", ours, "ms");
    print("one bare ioctl", bare, "ms");
    print("tenon / one bare ioctl", ratios, "goal 1.05");
    return {};
}

}  // namespace
}  // namespace tenon

int main(int count, char** arguments) {
    if (count < 2) {
        fmt::print(stderr, "usage: dma_bench ADDRESS [ROUNDS]\n");
        return 2;
    }
    const auto done =
        tenon::run(arguments[1], count > 2 ? std::max(1, std::atoi(arguments[2])) : 5);
    if (!done) fmt::print(stderr, "dma_bench: {}\n", tenon::to_string(done.error()));
    return done ? 0 : 1;
}

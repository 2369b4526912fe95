// A guest's IOMMU at run time with a device behind it, as a guest finds it: registers, tables,
// queue.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "host/iommufd/iommufd_opener.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/fake_vm.hpp"
#include "vmm/iommu/remapper.hpp"

namespace tenon::support::remapper {

inline constexpr auto nvme = "0000:01:00.0";
inline constexpr model::iommu::SourceId source = 0x0100;

// Registers. Source: Intel VT-d specification 4.1, 11.4.
inline constexpr std::uint64_t global_command = 0x18;
inline constexpr std::uint64_t global_status = 0x1c;
inline constexpr std::uint64_t fault_status = 0x34;
inline constexpr std::uint64_t fault_record = 0x220;
inline constexpr std::uint64_t root_table = 0x20;
inline constexpr std::uint64_t queue_tail = 0x88;
inline constexpr std::uint64_t queue_address = 0x90;
inline constexpr std::uint64_t interrupt_table = 0xb8;
inline constexpr std::uint64_t event_control = 0xa0;
inline constexpr std::uint64_t event_data = 0xa4;
inline constexpr std::uint64_t event_address = 0xa8;
inline constexpr std::uint32_t translation = 1u << 31;
inline constexpr std::uint32_t set_root = 1u << 30;
inline constexpr std::uint32_t queue_on = 1u << 26;
inline constexpr std::uint32_t remapping = 1u << 25;
inline constexpr std::uint32_t set_interrupts = 1u << 24;

// Where the guest has its tables: three levels of one page each, for addresses of 39 bits.
inline constexpr std::uint64_t root = 0x10000;
inline constexpr std::uint64_t context = 0x11000;
inline constexpr std::uint64_t queue = 0x12000;
inline constexpr std::uint64_t status = 0x13000;
inline constexpr std::uint64_t level3 = 0x14000;
inline constexpr std::uint64_t level2 = 0x15000;
inline constexpr std::uint64_t level1 = 0x16000;
inline constexpr std::uint64_t interrupts = 0x17000;
inline constexpr std::uint64_t memory_size = 4 << 20;
inline constexpr std::uint16_t domain_number = 5;
// The number of the first one; that there can be one is tried before.
inline constexpr auto first_domain = FakeKernel::page_table_id + 2;

/// A machine with one controller behind its IOMMU, on a host that assigns it as `open` does.
class RemapperBench : public testing::Test {
protected:
    using Opener = std::unique_ptr<device::DeviceOpener>;

    explicit RemapperBench(
        std::uint64_t size = memory_size,
        std::chrono::milliseconds patience = std::chrono::seconds{60},
        const std::function<Opener(FakeHost&)>& open = by_iommufd,
        const model::iommu::UnitShape& shape = model::iommu::design_unit({}, {}).value().shape)
        : memory_{vmm::board::GuestMemory::create(size, 0xc000'0000).value()},
          patience_{patience},
          shape_{shape} {
        host_.add(nvme, "14", 3);
        opener_ = open(host_);
        device_ = opener_->open(host_.facts(nvme), {}).value();
        for (const auto& part : memory_.parts())
            EXPECT_TRUE(opener_->address_space().map(Iova{part.at.value()}, part.bytes));
        device_id_ = remapper_
                         .add({.name = "nvme",
                               .device = device_,
                               .space = &opener_->address_space(),
                               .source = source,
                               .group = 14,
                               .wait_for_memory =
                                   [this] {
                                       ++waits_;
                                       return memory_comes_;
                                   }})
                         .value();
        put(root + 16, context | 1);
        put(level3, level2 | 3);
        put(level2, level1 | 3);
    }

    ~RemapperBench() override {
        remapper_.remove(device_id_);
        EXPECT_THAT(host_.kernel().mistakes(), testing::IsEmpty());
    }

    static Opener by_iommufd(FakeHost& host) {
        return host::iommufd::IommufdOpener::create(host.kernel(), host.paths()).value();
    }

    void put(std::uint64_t at, std::uint64_t value) {
        store_once(memory_.span(GuestAddress{at}, 8).value(), 0, value);
    }
    std::uint32_t get(std::uint64_t at) {
        return load<std::uint32_t>(memory_.span(GuestAddress{at}, 4).value(), 0);
    }
    void set(std::uint64_t offset, std::uint32_t value) { remapper_.write(offset, 4, value); }

    // The context of the controller: translated by the tables, or not at all.
    void lead_to_tables() {
        put(context, level3 | 1);
        put(context + 8, domain_number << 8 | 1);
    }
    void pass_through() {
        put(context, 2 << 2 | 1);
        put(context + 8, domain_number << 8 | 2);
    }

    void switch_on() {
        remapper_.write(root_table, 8, root);
        set(global_command, set_root);
        remapper_.write(queue_address, 8, queue);
        set(global_command, queue_on);
        set(global_command, queue_on | translation);
    }

    // Descriptors, and a wait for 2 at `status` behind them.
    void invalidate(std::uint64_t low, std::uint64_t high = 0) {
        put(status, 0);
        put(queue + tail_, low);
        put(queue + tail_ + 8, high);
        put(queue + tail_ + 16, 2ull << 32 | 0x25);
        put(queue + tail_ + 24, status);
        tail_ += 32;
        remapper_.write(queue_tail, 8, tail_);
    }
    // Source: 6.5.2.
    void invalidate_page(std::uint64_t at) { invalidate(domain_number << 16 | 0x32, at); }
    void invalidate_pages(std::uint64_t at, unsigned mask) { invalidate_page(at | mask); }
    void invalidate_contexts() { invalidate(0x11); }

    std::map<std::uint64_t, std::uint64_t> mapped() {
        const auto domains = host_.kernel().domains();
        return domains.empty() ? std::map<std::uint64_t, std::uint64_t>{} : domains.begin()->second;
    }
    std::optional<std::uint32_t> place() { return host_.kernel().place_of(nvme); }

    FakeHost host_;
    FakeVm vm_;
    vmm::board::GuestMemory memory_;
    vmm::iommu::TableReader tables_{memory_};
    vmm::kvm::IrqRoutes routes_{vm_, &tables_};
    std::chrono::milliseconds patience_;
    model::iommu::UnitShape shape_;
    vmm::board::Warnings warnings_;
    Opener opener_;
    std::shared_ptr<device::DeviceControl> device_;
    std::vector<std::string> failures_;
    unsigned waits_ = 0;
    Result<void> memory_comes_;
    std::uint64_t tail_ = 0;
    vmm::iommu::Remapper remapper_{
        shape_,
        {.memory = memory_,
         .vm = vm_,
         .routes = routes_,
         .warnings = warnings_,
         .failed = [this](const Error& why) { failures_.push_back(to_string(why)); },
         .patience = patience_}};
    model::iommu::DeviceId device_id_;
};

}  // namespace tenon::support::remapper

// What a machine's threads ask of the kernel, held against the table of what they may.
#include "vmm/rights/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>

#include "host/opener.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/fake_slots.hpp"
#include "vmm/seal/seal.hpp"
#include "vmm/slots/assignment.hpp"

namespace tenon::vmm::slots {
namespace {

using testing::IsEmpty;

// Requests that a thread made without a row of its kind. The calling thread, which assigns, may
// all: it does that before the seal.
class Judge {
public:
    void hear(unsigned long request) {
        const auto kind = seal::current();
        if (kind == seal::ThreadKind::Main) return;
        const auto rows = rights::rows_of(kind, table_, true);
        const MutexLock lock{mutex_};
        ++heard_;
        if (std::ranges::none_of(rows, [&](const seal::Rule* row) {
                return row->number == SYS_ioctl && row->conditions.at(0).value == request;
            }))
            without_row_ += fmt::format("{} asks for {:#x}\n", name_of(kind), request);
    }
    std::string without_row() {
        const MutexLock lock{mutex_};
        return without_row_;
    }
    unsigned heard() {
        const MutexLock lock{mutex_};
        return heard_;
    }

private:
    std::vector<seal::Rule> table_ = rights::table({.process = 1, .stop_signal = 34});
    Mutex mutex_;
    std::string without_row_ TENON_GUARDED_BY(mutex_);
    unsigned heard_ TENON_GUARDED_BY(mutex_) = 0;
};

class ThreadRights : public testing::TestWithParam<device::Interface> {
protected:
    static constexpr std::array addresses{"0000:01:00.0", "0000:02:00.0"};

    ThreadRights() {
        board_.here = [this] { return slots_.chassis.peers(); };
        host_.kernel().on_request() = [this](unsigned long request) { judge_.hear(request); };
    }
    ~ThreadRights() override { host_.kernel().on_request() = {}; }

    model::machine::MachinePlan planned() {
        host_.add(addresses[0], "14", 3);
        host_.add(addresses[1], "15", 4);
        model::machine::MachineRequest request;
        for (const auto* const address : addresses) {
            model::machine::DeviceRequest device;
            device.facts = host_.facts(address);
            device.facts.iommu.bar_files = true;
            facts_.push_back(device.facts);
            request.devices.push_back(std::move(device));
        }
        return model::machine::make_plan(std::move(request)).value();
    }

    support::FakeHost host_;
    Judge judge_;
    std::vector<device::DeviceFacts> facts_;
    model::machine::MachinePlan plan_ = planned();
    support::FakeBoard board_;
    board::GuestMemory memory_ = board::GuestMemory::create(4 << 20, 0xc0000000).value();
    support::FakeSlots slots_{plan_, board_};
    device::OpenedFunctions opened_{[this](device::Interface interface, auto functions, auto) {
        return host::make_opener(interface, functions, {}, host_.kernel(), host_.paths());
    }};
};

INSTANTIATE_TEST_SUITE_P(Interfaces, ThreadRights,
                         testing::Values(device::Interface::Group, device::Interface::Iommufd),
                         [](const auto& mode) {
                             return mode.param == device::Interface::Group ? "Group" : "Iommufd";
                         });

// Guest memory is mapped beside the start. A guest that is faster has its BARs placed by then: it
// is the mapper that lets the others reach them.
TEST_P(ThreadRights, LetTheMapperMapBarsThatWerePlacedBefore) {
    ASSERT_TRUE(opened_.prepare({.interface = GetParam()}, facts_));
    const auto assignment =
        Assignment::create(plan_, opened_,
                           {.board = board_.parts(),
                            .memory = memory_,
                            .chassis = slots_.chassis,
                            .resets = slots_.resets,
                            .files = nullptr,
                            .memory_failed = [](const Error& why) { FAIL() << to_string(why); }});
    ASSERT_TRUE(assignment) << to_string(assignment.error());
    slots_.topology.write({.bus = 1, .devfn = 0, .offset = 0x04}, 2, 0x0002);

    (*assignment)->begin_to_map_memory();
    (*assignment)->wait_for_memory();
    while (board_.peers.mapped() == 0)
        std::this_thread::yield();

    EXPECT_GT(judge_.heard(), 1u);
    EXPECT_THAT(judge_.without_row(), IsEmpty());
}

}  // namespace
}  // namespace tenon::vmm::slots

// What a guest switches on in registers that are not its own: ATS, page requests, AtomicOps. Their
// values on the device are the host's, or the guest's writes are passed; who translates for the
// guest, or completes what its functions send, has to learn of them all the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/function/function_view.hpp"
#include "model/function/register_map.hpp"
#include "model/running/effect.hpp"

namespace tenon::model::running {

/// AtomicOp Requester Enable off in the device. None where the device has no such bit: it has no
/// such register, or is a virtual function, in which the bit is reserved.
///
/// The kernel sets the bit when it is asked what completes, and gives a device back after a reset
/// what it had before; a guest finds it clear.
/// Source: Linux 7.3, drivers/vfio/pci/vfio_pci_core.c; PCIe Base Spec 7.0, 7.5.3.16.
std::optional<effect::UpdateDevice> clear_requester_enable(const function::FunctionView& view);

/// The guest's side of those registers.
class GuestSwitches {
public:
    /// Of a port or bridge: there are none.
    GuestSwitches() = default;

    explicit GuestSwitches(const function::FunctionView& view);

    /// Adds what follows from a guest's write, of 1, 2 or 4 bytes inside a dword.
    void write(const function::RegisterMap& map, std::uint16_t offset, std::uint8_t size,
               std::uint32_t value, std::vector<Effect>& effects);

    /// All off, as after a reset; adds what follows.
    void reset(std::vector<Effect>& effects);

    /// The function goes by these rules from now on, which may gate it; adds what follows.
    void follow(const function::RegisterMap& map, std::vector<Effect>& effects);

private:
    // What is on, as the registers have it.
    struct Values {
        std::uint16_t ats = 0;
        bool page_requests = false;
        std::uint32_t allocation = 0;
        bool atomics = false;
    };

    bool takes_part(const function::RegisterMap& map) const;
    void change(const Values& next, bool reset_pages, std::vector<Effect>& effects);

    // Of the registers in configuration space; 0: there is none.
    std::size_t ats_control_at_ = 0;
    std::size_t page_control_at_ = 0;
    std::size_t allocation_at_ = 0;
    std::size_t requester_enable_at_ = 0;
    Values now_;
};

}  // namespace tenon::model::running

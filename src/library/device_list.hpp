// The devices of a request while it is read: those that were named, the functions of whole host
// slots among them, and what of their words is needed when a slot is proposed.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "library/gather.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/stated_facts.hpp"
#include "model/machine/request.hpp"
#include "pci/address.hpp"

namespace tenon::library {

/// Reads devices in the words of the command line.
class DeviceList {
public:
    /// Reads the facts of each; opens nothing. A function that is named beside its slot has its own
    /// keys; with `port=` or `function=` it has its place as well, and is not proposed.
    /// Errors: wrong words, unreadable devices, a slot given twice.
    static Result<DeviceList> read(const Host& host, const std::vector<std::string>& texts);

    std::vector<model::machine::DeviceRequest>& requests() { return requests_; }

    /// Puts what was stated into the facts.
    /// Errors: as apply_stated().
    Result<void> apply_stated();

    /// Takes out of facts and words what names one device or its site; see capture::Anonymizer.
    void anonymize();

    /// Proposes guest slots for each host slot, moves the devices to `request` in their order and
    /// their places, and gives it the ports of the proposals.
    void propose(model::machine::MachineRequest& request) &&;

private:
    // What was said at one place of the command line: a device, or a slot.
    struct Item {
        bool is_slot = false;
        std::size_t number = 0;  // Of the device, or of the slot.
    };

    Result<void> add_slot(const Host& host, const std::string& text);
    Result<void> add_whole_file(const std::string& text);
    void propose_slot(std::size_t slot, std::span<const std::string> named_ports,
                      model::machine::MachineRequest& request);
    void fill_stated_groups();
    Result<void> add(const Host& host, const std::string& text);
    // Also notes what was stated; takes the facts.
    Result<void> add_request(const words::DeviceArgument& argument, const std::string& name,
                             device::DeviceFacts&& facts);

    // In parallel: each device.
    std::vector<model::machine::DeviceRequest> requests_;
    std::vector<words::StatedFacts> stated_;
    std::vector<std::string> words_;                // Without port= and function=.
    std::vector<std::optional<std::size_t>> slot_;  // For which slot it is proposed.

    std::vector<pci::Address> slots_;
    std::vector<Item> items_;
};

}  // namespace tenon::library

// Which function of an input is meant: `FILE`, `FILE#ADDRESS`, of an archive also
// `FILE#MEMBER#ADDRESS`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/known.hpp"
#include "base/result.hpp"
#include "device/facts.hpp"
#include "pci/address.hpp"
#include "pci/config_image.hpp"

namespace tenon::capture {

/// What somebody named, in its parts.
struct Named {
    std::string path;
    std::optional<std::string> slot;  ///< What is behind the #.
    /// Of those with this address, counted from 1, `FILE#ADDRESS@2`; 0: the only one.
    std::uint64_t which = 0;

    /// The longest path that is there is the input's: its own name may contain a #.
    static Named take_apart(std::string_view named);

    /// Whether all functions of a slot are meant: `FILE#0b:00.*`, `FILE#0b:00.*@2`.
    bool means_slot() const;

    /// Whether all functions are meant: `FILE#*`; of an archive also `FILE#MEMBER#*`.
    bool means_all() const;
};

/// A function of an input.
struct Entry {
    std::string slot;  ///< Its address as the input has it; empty: it has none.
    Known<pci::Address> address;
    std::string where;   ///< "line 7".
    std::string member;  ///< Of an archive, the member that has it; else empty.
    /// Of a dump, which is known by its bytes alone; else null.
    std::shared_ptr<const pci::ConfigImage> bytes;
    /// BARs of all its virtual functions together, where the input tells.
    std::optional<std::array<device::ResourceFacts, device::bar_count>> virtual_bars = {};
    /// Fills in its facts: they are large, and only those that are meant are made. A fault in them
    /// is an error only then.
    std::function<Result<void>(device::DeviceFacts&)> facts;
    bool words_only = false;  ///< The input has words of it, and no bytes.
};

/// Leaves out those of which there are words alone, if there is one with bytes.
void prefer_bytes(std::vector<Entry>& entries);

/// The number of the entry that is meant.
/// Errors: NotFound, listing the addresses, if there is none or no single one; Malformed if there
/// are more of that address.
Result<std::size_t> choose(const Named& named, const std::vector<Entry>& entries);

/// The numbers of the entries of the slot that is meant, in order of address.
/// Errors: as choose(); Malformed if no slot is named.
Result<std::vector<std::size_t>> choose_slot(const Named& named, const std::vector<Entry>& entries);

/// The facts of the entry that is meant; their source is `name`, what somebody wrote.
/// Errors: as choose(), and those of its facts.
Result<device::DeviceFacts> take(const Named& named, std::string_view name,
                                 const std::vector<Entry>& entries);

/// The facts of the entries of a slot, each named `FILE#ADDRESS`.
/// Errors: as choose_slot(), and those of their facts.
Result<std::vector<device::DeviceFacts>> take_slot(const Named& named,
                                                   const std::vector<Entry>& entries);

/// The facts of all entries, each named `FILE#ADDRESS`, in their order.
/// Errors: NotFound if there is none; Malformed if `named` does not mean all; those of their facts.
Result<std::vector<device::DeviceFacts>> take_all(const Named& named,
                                                  const std::vector<Entry>& entries);

}  // namespace tenon::capture

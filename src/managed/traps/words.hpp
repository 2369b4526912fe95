// Changes in the words of the manager, ready to be pasted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "managed/said/configuration.hpp"
#include "managed/traps/case.hpp"

namespace tenon::managed::traps {

/// A property with the value it should have; an empty value takes it out.
struct Change {
    std::string_view name;
    std::string_view value;
};

/// The option of QEMU's command line for a device or an object, with changes, in its form, quoted
/// for a shell: "-device vfio-pci,host=65:00.0,bus=rp1".
std::string option_text(std::string_view option, const said::Option& device,
                        const std::vector<Change>& changes);

/// The same without the option and without quotes: one word of QEMU. `type` is the key of its type
/// in JSON.
std::string option_words(const said::Option& device, std::string_view type,
                         const std::vector<Change>& changes);

/// The lines by which QEMU has one more option, for the manager of the case.
std::vector<std::string> add_option(const Case& of, std::string_view option,
                                    const std::string& word);

/// The lines that give device number `device` these properties, for the manager of the case.
std::vector<std::string> change_device(const Case& of, std::size_t device,
                                       const std::vector<Change>& changes);

/// The lines by which the last CPU has changed flags, for the manager of the case.
std::vector<std::string> change_cpu(const Case& of, const std::vector<Change>& changes);

/// The lines by which the machine has this property, for the manager of the case.
std::vector<std::string> change_machine(const Case& of, std::string_view name,
                                        std::string_view value);

/// The lines that put each function of the host behind a root port of its own, for the manager of
/// the case.
std::vector<std::string> own_ports(const Case& of, const std::vector<const Assigned*>& functions);

}  // namespace tenon::managed::traps

#include "cli/capture_command.hpp"

#include <fmt/core.h>

#include "base/output.hpp"
#include "base/printable.hpp"
#include "capture/anonymize.hpp"
#include "capture/capture_json.hpp"
#include "library/version.hpp"
#include "model/function/function_view.hpp"
#include "pci/pasid.hpp"

namespace tenon::cli {
namespace {

// Each function of the slots among them by its own name.
Result<std::vector<std::string>> name_functions(const Host& host,
                                                const std::vector<std::string>& devices) {
    std::vector<std::string> names;
    for (const auto& device : devices) {
        const auto slot = pci::Address::parse_slot(device);
        if (!slot) {
            names.push_back(device);
            continue;
        }
        TENON_TRY(addresses, host.sysfs.find_slot(*slot), "");
        for (const auto& address : addresses)
            names.push_back(to_string(address));
    }
    return names;
}

Result<std::vector<device::DeviceFacts>> gather_all(const Host& host,
                                                    const CaptureArguments& arguments) {
    std::vector<device::DeviceFacts> functions;
    capture::Anonymizer anonymizer;
    TENON_TRY(devices, name_functions(host, arguments.devices), "");
    for (const auto& named : devices) {
        TENON_TRY(facts, gather_facts(host, named, device::Interface::Automatic, arguments.opening),
                  "");
        if (arguments.anonymize) anonymizer.take_names(facts);
        functions.push_back(std::move(facts));
    }
    return functions;
}

// Where a PASID capability would go, whatever this host's IOMMU takes.
std::optional<std::uint16_t> pasid_offset_of(device::DeviceFacts facts) {
    facts.iommu.pasid = device::PasidFacts{.width = pci::pasid::most_width};
    const model::chosen::FunctionProperties able{.viommu_pasid_width = pci::pasid::most_width};
    const auto view = model::function::build_function_view(facts, able);
    if (!view.pasid) return std::nullopt;
    return view.pasid->at;
}

std::string notes_of(const device::DeviceFacts& facts) {
    if (facts.vfio)
        return fmt::format("{}: opened through VFIO to ask about it, which resets it\n",
                           facts.source);
    return fmt::format("{}: what only VFIO knows is left unknown: {}\n", facts.source,
                       facts.vfio.why());
}

Outcome wrong(const Error& error) { return ended_with(status::wrong, error); }

}  // namespace

Outcome run_capture(const Host& host, const CaptureArguments& arguments) {
    const auto functions = gather_all(host, arguments);
    if (!functions) return wrong(functions.error());
    Outcome outcome;
    capture::CaptureNotes notes{.tool = std::string{version_line},
                                .anonymized = arguments.anonymize};
    for (const auto& facts : *functions) {
        notes.pasid_offsets.push_back(pasid_offset_of(facts));
        outcome.err += notes_of(facts);
    }
    outcome.out = capture::write_captures(*functions, notes);
    if (arguments.output.empty()) return outcome;
    const auto written = replace_file(arguments.output, printable(outcome.out));
    if (!written) return wrong(written.error());
    outcome.out.clear();
    outcome.err += fmt::format("{} function{} written to {}\n", functions->size(),
                               functions->size() == 1 ? "" : "s", arguments.output);
    return outcome;
}

}  // namespace tenon::cli

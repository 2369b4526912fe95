// Prints docs/capabilities.md from the table of capabilities.
#include <fmt/core.h>

#include <cstdio>

#include "model/chosen/decision.hpp"
#include "pci/capability_table.hpp"

namespace {

using namespace tenon::pci;

const char* words(KernelTreatment kernel) {
    switch (kernel) {
        case KernelTreatment::Hidden:
            return "hidden";
        case KernelTreatment::ReadOnly:
            return "read-only";
        case KernelTreatment::PartlyWritable:
            return "partly writable";
        case KernelTreatment::Writable:
            return "writable";
    }
    return "";
}

void print(CapabilityList list, const char* title) {
    fmt::print(
        "\n## {}\n\n| id | name | Linux vfio-pci | Tenon | why | source |\n"
        "| --- | --- | --- | --- | --- | --- |\n",
        title);
    for (const auto& kind : capability_table())
        if (kind.list == list)
            fmt::print("| {:#04x} | {} | {} | {} | {} | {} |\n", kind.id, kind.name,
                       words(kind.kernel), tenon::model::chosen::name_of(kind.action), kind.why,
                       kind.source);
}

}  // namespace

int main() {
    fmt::print(
        "# Capabilities\n\n"
        "What a guest gets of each capability, where the host's kernel shows it. Made from the "
        "table in\n`src/pci/capability_table.cpp` (the target `capability_page` prints it); change "
        "that.\n\n"
        "Ids without a row, and capabilities that the host's kernel hides, stay hidden. How large "
        "each is,\nand where sources disagree about it, stands beside the table and in\n"
        "`src/pci/capability_sizes.cpp`.\n\n"
        "A guest never writes a bit of the device outside of what is passed: what Tenon "
        "synthesizes,\nemulates or hides is neither written to the device nor read from it. "
        "`src/model/running/config_state.hpp` states\nthe rule, a test over random devices and "
        "guests and "
        "a fuzzer look for a way around it.\nAccesses of 8 bytes, or across dwords, are cut into "
        "accesses of one dword, lowest first. In the first\n256 bytes registers that no "
        "capability names are the device's, read and written; beyond, read-only.\n");
    print(CapabilityList::Standard, "Standard");
    print(CapabilityList::Extended, "Extended");
}

#include "library/api/request_file.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "library/words/backend_options.hpp"

namespace tenon::library {
namespace {

// A key with a text, and the member it goes to.
struct TextKey {
    std::string_view name;
    std::string PlanRequest::* member;
};
constexpr std::array text_keys{
    TextKey{"machine", &PlanRequest::machine}, TextKey{"viommu", &PlanRequest::viommu},
    TextKey{"memory", &PlanRequest::memory},   TextKey{"cpus", &PlanRequest::cpus},
    TextKey{"vcpus", &PlanRequest::cpus},      TextKey{"iommufd", &PlanRequest::iommufd},
    TextKey{"kvm", &PlanRequest::kvm}};

constexpr std::array only_run{
    RunKey{"kernel"},      RunKey{"initrd"},      RunKey{"append"},       RunKey{"firmware"},
    RunKey{"control"},     RunKey{"seal"},        RunKey{"nobody", true}, RunKey{"no-reboot", true},
    RunKey{"quiet", true}, RunKey{"timing", true}};

bool is_table(std::string_view key) {
    return key == "device" || key == "port" || words::find_backend_option(key) != nullptr;
}

std::vector<std::string_view> known_keys() {
    std::vector<std::string_view> keys{"device", "port"};
    for (const auto& key : text_keys)
        keys.push_back(key.name);
    for (const auto& key : only_run)
        keys.push_back(key.name);
    for (const auto& option : words::backend_options())
        keys.push_back(option.name);
    std::ranges::sort(keys);
    return keys;
}

Result<void> check_kind(const words::FileOption& entry, bool is_flag) {
    if (entry.is_flag == is_flag) return {};
    return malformed("{}: {}", entry.where,
                     is_flag ? "it is true or false" : "it has a value, not true or false");
}

// Of two names of one key the first wins, as with the program.
Result<void> take_entry(const words::FileOption& entry, PlanRequest& request) {
    if (is_table(entry.key)) return {};
    const auto* const run = std::ranges::find(only_run, entry.key, &RunKey::name);
    if (run != only_run.end()) return check_kind(entry, run->is_flag);
    const auto* const key = std::ranges::find(text_keys, entry.key, &TextKey::name);
    if (key == text_keys.end())
        return malformed("{}: no such key; known: {}", entry.where, fmt::join(known_keys(), ", "));
    TENON_TRY_DO(check_kind(entry, false), "");
    if ((request.*key->member).empty()) request.*key->member = entry.value;
    return {};
}

// Those of one option, without its name.
std::vector<std::string> typed_of(const std::vector<std::string>& processes,
                                  std::string_view start) {
    std::vector<std::string> texts;
    for (const auto& process : processes)
        if (process.starts_with(start)) texts.push_back(process.substr(start.size()));
    return texts;
}

// What is no process's name stays, for who complains of it.
std::vector<std::string> merge_processes(const std::vector<words::FileOption>& file,
                                         const std::vector<std::string>& typed) {
    std::vector<std::string> merged;
    for (const auto& option : words::backend_options()) {
        const auto start = fmt::format("{}=", option.name);
        for (const auto& text : words::merge_backends(option, words::tables_of(file, option.name),
                                                      typed_of(typed, start)))
            merged.push_back(start + text);
    }
    for (const auto& process : typed)
        if (words::find_backend_option(process.substr(0, process.find('='))) == nullptr ||
            !process.contains('='))
            merged.push_back(process);
    return merged;
}

}  // namespace

std::span<const RunKey> run_keys() { return only_run; }

Result<PlanRequest> with_file(PlanRequest request) {
    auto& devices = request.devices;
    const auto first = std::ranges::find_if(devices, words::is_vm_file);
    if (first == devices.end()) return request;
    const std::string path = std::move(*first);
    devices.erase(first);
    const auto second = std::ranges::find_if(devices, words::is_vm_file);
    if (second != devices.end())
        return malformed("{} and {}: a machine is described by one file", path, *second);
    TENON_TRY(file, words::read_vm_file(path), "");
    return with_entries(std::move(request), file);
}

Result<PlanRequest> with_entries(PlanRequest request, const std::vector<words::FileOption>& file) {
    for (const auto& entry : file)
        TENON_TRY_DO(take_entry(entry, request), "");
    request.devices = words::merge_devices(words::tables_of(file, "device"), request.devices);
    request.ports = words::merge_ports(words::tables_of(file, "port"), request.ports);
    request.processes = merge_processes(file, request.processes);
    return request;
}

}  // namespace tenon::library

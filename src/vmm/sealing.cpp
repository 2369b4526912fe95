#include "vmm/sealing.hpp"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

#include "host/paths.hpp"
#include "vmm/kvm/vcpu.hpp"
#include "vmm/rights/table.hpp"
#include "vmm/seal/filter.hpp"

namespace tenon::vmm {
namespace {

std::string folder_of(const std::string& path) {
    const auto folder = std::filesystem::path{path}.parent_path().string();
    return folder.empty() ? "." : folder;
}

std::vector<seal::FileRight> files_left(const SealRequest& request) {
    using enum seal::FileRight::Kind;
    if (request.control.empty()) return {};
    const host::HostPaths paths;
    // Its own file goes with the socket. What a device is, sysfs tells, and proc who uses it.
    std::vector<seal::FileRight> rights{{.path = folder_of(request.control), .kind = Remove},
                                        {.path = paths.sysfs, .kind = Read},
                                        {.path = paths.proc, .kind = Read}};
    if (opens_nodes(request))
        for (const auto* const node : {"/vfio", "/iommu", "/kvm"})
            rights.push_back({.path = paths.dev + node, .kind = Device});
    return rights;
}

}  // namespace

bool opens_nodes(const SealRequest& request) {
    return !request.control.empty() && request.level != seal::Level::Full;
}

seal::Left left_by(const SealRequest& request) {
    const bool has_clients = !request.control.empty();
    const auto table = rights::table({.process = ::getpid(),
                                      .stop_signal = kvm::vcpu_signal(),
                                      .opens_nodes = opens_nodes(request)});
    const bool only_logs = request.level == seal::Level::Log;
    seal::Left left;
    for (const auto kind : seal::all_thread_kinds)
        left.filters.at(static_cast<std::size_t>(kind)) = seal::compile(
            rights::rows_of(kind, table, has_clients),
            only_logs ? seal::Answers{.otherwise = SECCOMP_RET_LOG} : seal::Answers{});
    left.files = files_left(request);
    return left;
}

Result<void> seal_machine(const SealRequest& request, board::Warnings& warnings) {
    return seal::seal_process(request.level, left_by(request),
                              [&](const std::string& text) { warnings.once(text); });
}

}  // namespace tenon::vmm

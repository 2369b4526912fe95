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
    return {{.path = folder_of(request.control), .kind = Remove},
            {.path = paths.sysfs, .kind = Read},
            {.path = paths.proc, .kind = Read}};
}

std::vector<sock_filter> filter_of(seal::ThreadKind kind, const SealRequest& request) {
    const auto table = rights::table({.process = ::getpid(), .stop_signal = kvm::vcpu_signal()});
    const bool only_logs = request.level == seal::Level::Log;
    return seal::compile(rights::rows_of(kind, table, !request.control.empty()),
                         only_logs ? seal::Answers{.otherwise = SECCOMP_RET_LOG} : seal::Answers{});
}

}  // namespace

bool opens_nodes(const SealRequest& request) {
    using enum seal::Level;
    return !request.control.empty() && (request.level == Auto || request.level == Log);
}

seal::Left left_by(const SealRequest& request) {
    seal::Left left;
    for (const auto kind : seal::all_thread_kinds)
        left.filters.at(static_cast<std::size_t>(kind)) = filter_of(kind, request);
    left.files = files_left(request);
    // They began outside. The filters leave a signal by the file of such a process alone.
    if (request.has_programs) left.signals = seal::SignalsOutside::Allowed;
    return left;
}

Result<std::optional<seal::Opener>> start_opener(const SealRequest& request) {
    if (!opens_nodes(request)) return std::nullopt;
    const host::HostPaths paths;
    const std::vector<seal::FileRight> nodes{
        {.path = paths.dev + "/vfio", .kind = seal::FileRight::Kind::Device},
        {.path = paths.dev + "/iommu", .kind = seal::FileRight::Kind::Device}};
    TENON_TRY(opener, seal::Opener::start(filter_of(seal::ThreadKind::Opener, request), nodes), "");
    return std::optional{std::move(opener)};
}

Result<void> seal_machine(const SealRequest& request, board::Warnings& warnings) {
    return seal::seal_process(request.level, left_by(request),
                              [&](const std::string& text) { warnings.once(text); });
}

}  // namespace tenon::vmm

#include "host/opened_file.hpp"

#include <linux/kvm.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/file.hpp"

namespace tenon::host {
namespace {

constexpr auto node_hint =
    "Open the function's own node, /dev/vfio/devices/vfioN (the folder vfio-dev of the function in "
    "sysfs tells its name), to read and to write";

// The folder of sysfs that belongs to the node: ".../0000:01:00.0/vfio-dev/vfio3".
Result<std::filesystem::path> folder_of(Kernel& kernel, const HostPaths& paths, int file,
                                        std::string_view wanted, const char* hint) {
    const auto what = fmt::format("fd={}", file);
    const auto number = kernel.device_number(file);
    if (!number && number.error() == EBADF)
        return fail(Error::Kind::NotFound, "{}: no file is open by this number", what);
    // Its name is for the message only.
    const auto name = link_name(fmt::format("{}/self/fd/{}", paths.proc, file)).value_or("a file");
    if (!number)
        return std::unexpected(
            Error{.kind = Error::Kind::Malformed,
                  .what = fmt::format("{}: it is {}, not {}", what, name, wanted),
                  .hint = hint});
    std::error_code error;
    auto folder = std::filesystem::canonical(
        fmt::format("{}/dev/char/{}:{}", paths.sysfs, number->major, number->minor), error);
    if (error)
        return std::unexpected(
            Error{.kind = Error::Kind::Malformed,
                  .what = fmt::format("{}: it is {} (node {}:{}), not {}", what, name,
                                      number->major, number->minor, wanted),
                  .hint = hint});
    return folder;
}

Error something_else(int file, const std::filesystem::path& folder, std::string_view wanted,
                     const char* hint) {
    return {
        .kind = Error::Kind::Malformed,
        .what = fmt::format("fd={}: it is {}, not {}", file, folder.filename().string(), wanted),
        .hint = hint};
}

}  // namespace

Result<pci::Address> find_function_of(Kernel& kernel, const HostPaths& paths, int file) {
    constexpr auto wanted = "a function's node of VFIO";
    TENON_TRY(folder, folder_of(kernel, paths, file, wanted, node_hint), "");
    const auto parent = folder.parent_path();
    const auto address = pci::Address::parse(parent.parent_path().filename().string());
    if (parent.filename() != "vfio-dev" || !address)
        return std::unexpected(something_else(file, folder, wanted, node_hint));
    return *address;
}

Result<void> check_is_iommufd(Kernel& kernel, const HostPaths& paths, int file) {
    constexpr auto wanted = "/dev/iommu";
    constexpr auto hint = "Open /dev/iommu to read and to write";
    TENON_TRY(folder, folder_of(kernel, paths, file, wanted, hint), "--iommufd");
    if (folder.filename() == "iommu" && folder.parent_path().filename() == "misc") return {};
    return std::unexpected(something_else(file, folder, wanted, hint).during("--iommufd"));
}

Result<void> check_is_kvm(Kernel& kernel, int file) {
    const auto version = kernel.ioctl(file, KVM_GET_API_VERSION, 0ul);
    if (version) return {};
    if (version.error() == EBADF)
        return fail(Error::Kind::NotFound, "--kvm: fd={}: no file is open by this number", file);
    return std::unexpected(Error{.kind = Error::Kind::Malformed,
                                 .what = fmt::format("--kvm: fd={}: it is not /dev/kvm", file),
                                 .hint = "Open /dev/kvm to read and to write"});
}

}  // namespace tenon::host

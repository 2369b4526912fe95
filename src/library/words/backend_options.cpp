#include "library/words/backend_options.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "library/words/disk_argument.hpp"
#include "library/words/net_argument.hpp"
#include "library/words/share_argument.hpp"

namespace tenon::library::words {
namespace {

template <auto parse>
Result<void> check_by(std::string_view text) {
    TENON_TRY_DO(parse(text), "");
    return {};
}

constexpr std::array all_backend_options{
    BackendOption{.name = "disk",
                  .first = "file",
                  .usage = "FILE[,key=value...]",
                  .what =
                      "a disk: an image or a block device, served by qemu-storage-daemon, which "
                      "is started and ends with the guest",
                  .parse = parse_disk_argument,
                  .check = check_by<parse_disk_argument>,
                  .check_whole = check_by<parse_disk_argument>,
                  .keys = disk_keys},
    BackendOption{.name = "net",
                  .first = "type",
                  .usage = "user[,key=value...]",
                  .what = "a network by the host's own sockets, without privilege: passt, which is "
                          "started and ends with the guest",
                  .parse = parse_net_argument,
                  .check = check_by<parse_net_argument>,
                  .check_whole = check_by<parse_net_argument>,
                  .keys = net_keys},
    BackendOption{.name = "share",
                  .first = "folder",
                  .usage = "FOLDER,tag=NAME[,key=value...]",
                  .what = "a folder of the host that the guest mounts (mount -t virtiofs NAME), "
                          "served by virtiofsd, which is started and ends with the guest",
                  .parse = parse_share_argument,
                  .check = check_share_keys,
                  .check_whole = check_by<parse_share_argument>,
                  .keys = share_keys},
    BackendOption{.name = "vhost-user",
                  .first = "socket",
                  .usage = "SOCKET,type=TYPE[,key=value...]",
                  .what = "a Virtio device that is a process (qemu-storage-daemon, passt, "
                          "virtiofsd), which listens at SOCKET; fd=N is a connected one",
                  .parse = parse_backend_argument,
                  .check = check_backend_keys,
                  .check_whole = check_by<parse_backend_argument>,
                  .keys = backend_keys},
};

}  // namespace

std::span<const BackendOption> backend_options() { return all_backend_options; }

const BackendOption* find_backend_option(std::string_view name) {
    const auto* const found = std::ranges::find(all_backend_options, name, &BackendOption::name);
    return found == all_backend_options.end() ? nullptr : found;
}

std::size_t count_of(const BackendTexts& texts) {
    std::size_t count = 0;
    for (const auto& [name, typed] : texts)
        count += typed.size();
    return count;
}

Result<std::vector<BackendArgument>> parse_backends(const BackendTexts& texts) {
    std::vector<BackendArgument> all;
    for (const auto& option : backend_options()) {
        const auto typed = texts.find(option.name);
        if (typed == texts.end()) continue;
        for (const auto& text : typed->second) {
            TENON_TRY(said, option.parse(text), "");
            all.push_back(std::move(said));
        }
    }
    return all;
}

}  // namespace tenon::library::words

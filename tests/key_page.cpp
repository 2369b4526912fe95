// Prints docs/users/keys.md from the tables of keys.
#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "library/words/backend_argument.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/disk_argument.hpp"
#include "library/words/memory_argument.hpp"
#include "library/words/net_argument.hpp"
#include "library/words/port_argument.hpp"
#include "library/words/share_argument.hpp"
#include "library/words/viommu_argument.hpp"

namespace {

using tenon::library::words::KeyWords;

// A bar ends the cell of a table.
std::string cell(std::string_view text) {
    std::string escaped;
    for (const char letter : text)
        escaped += letter == '|' ? std::string{"\\|"} : std::string{letter};
    return escaped;
}

void print(std::string_view title, std::string_view where, const std::vector<KeyWords>& keys) {
    fmt::print("\n## {}\n\n{}\n\n| key | value | what it does |\n| --- | --- | --- |\n", title,
               where);
    for (const auto& key : keys)
        fmt::print("| `{}` | `{}` | {} |\n", key.name, cell(key.value), cell(key.what));
}

}  // namespace

int main() {
    auto own = tenon::library::words::device_keys();
    const auto stated = std::ranges::stable_partition(
        own, [](const KeyWords& key) { return !key.name.starts_with("host-"); });
    const std::vector<KeyWords> facts{stated.begin(), stated.end()};
    own.erase(stated.begin(), own.end());
    fmt::print(
        "# Keys\n\n"
        "What can be said of a device, a root port, guest memory and its IOMMU, by `key=value` "
        "after a comma. "
        "Made from the\ntables that the parsers read (the target `key_page` prints it); change "
        "those, in `src/library`.\n\n"
        "In the [file of a machine](vm-file.md) keys of devices and ports have their own lines, "
        "and true and false are\nwritten for `on` and `off`; by the [control socket](control.md) "
        "they are arguments of `device_add`.\n");
    print("Of a device", "`DEVICE,key=value…`, `--device`, `[[device]]`, `device_add`.", own);
    print("Of a device's host",
          "The same places, for files that do not tell. They are refused for a device of this "
          "host, and for a fact\nthat a capture has.",
          facts);
    print("Of a root port", "`--port NAME,key=value…`, `[[port]]`.",
          tenon::library::words::port_keys());
    print("Of a disk", "`--disk FILE,key=value…`, `[[disk]]`; see [Virtio devices](virtio.md).",
          tenon::library::words::disk_keys());
    print("Of a network", "`--net user,key=value…`, `[[net]]`; see [Virtio devices](virtio.md).",
          tenon::library::words::net_keys());
    print("Of a shared folder",
          "`--share FOLDER,tag=NAME,key=value…`, `[[share]]`; see [Virtio devices](virtio.md).",
          tenon::library::words::share_keys());
    print("Of a Virtio device that is a process",
          "`--vhost-user SOCKET,key=value…`, `[[vhost-user]]`; see [Virtio devices](virtio.md).",
          tenon::library::words::backend_keys());
    print("Of guest memory", "`--memory SIZE,key=value…`, `memory = \"SIZE,key=value…\"`.",
          tenon::library::words::memory_keys());
    print("Of the guest's IOMMU", "`--viommu vtd,key=value…`, `viommu = \"vtd,key=value…\"`.",
          tenon::library::words::vtd_keys());
}

#include "library/words/disk_argument.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "library/words/backend_keys.hpp"
#include "model/virtio/device_type.hpp"

namespace tenon::library::words {
namespace {

using model::virtio::ImageFormat;

struct SaidOfDisk {
    BackendArgument argument;
};

Result<ImageFormat> parse_format(std::string_view of, std::string_view value) {
    if (value == "raw") return ImageFormat::Raw;
    if (value == "qcow2") return ImageFormat::Qcow2;
    return malformed("{}: format={}: known are raw, qcow2", of, value);
}

constexpr auto disk_own_keys = std::to_array<Key<SaidOfDisk>>({
    {.words =
         {"format", "raw|qcow2",
          "how the image holds its disk; without it qcow2 for a name that ends in .qcow2, else "
          "raw"},
     .take =
         [](SaidOfDisk& said, std::string_view of, std::string_view value) {
             return store(said.argument.backend.program->format, parse_format(of, value));
         }},
    {.words = {"readonly", "on|off",
               "whether the guest cannot write to it (off); readonly alone is on"},
     .take =
         [](SaidOfDisk& said, std::string_view of, std::string_view value) {
             return store(said.argument.backend.program->readonly,
                          parse_switch(of, "readonly", value));
         }},
    {.words = {"queues", "N", "queues that the guest finds, 1 to 255 (1)"},
     .take =
         [](SaidOfDisk& said, std::string_view of, std::string_view value) {
             return store(said.argument.backend.queues,
                          parse_count(of, "queues", value, 1, model::virtio::most_queues));
         }},
});

constexpr auto disk_table = joined(disk_own_keys, place_keys<SaidOfDisk>);

// Who knows it from elsewhere is told why it is not there.
Result<void> check_no_serial(std::string_view text) {
    const auto parts = split(text, ',');
    const bool there = std::ranges::any_of(
        parts, [](std::string_view part) { return part.starts_with("serial="); });
    if (!there) return {};
    return malformed(
        "{}: serial=: qemu-storage-daemon answers every disk's driver with one and the same serial "
        "number; tell disks by their place (/dev/disk/by-path) or by what is on them",
        parts.front());
}

}  // namespace

std::vector<KeyWords> disk_keys() { return words_of(disk_table); }

Result<BackendArgument> parse_disk_argument(std::string_view text) {
    TENON_TRY_DO(check_no_serial(text), "");
    SaidOfDisk said;
    auto& backend = said.argument.backend;
    backend.program.emplace();
    backend.queues = 1;
    TENON_TRY(name, read_backend(text, "--disk", "image", disk_table, said), "");
    backend.program->kind = model::virtio::ProgramKind::Disk;
    backend.program->path = name;
    backend.type = model::virtio::block;
    backend.queue_size = usual_queue_size;
    backend.config_size = model::virtio::device_type(backend.type).config_size;
    return std::move(said.argument);
}

}  // namespace tenon::library::words

#include "library/words/share_argument.hpp"

#include <array>

#include "library/words/backend_keys.hpp"
#include "model/virtio/device_type.hpp"

namespace tenon::library::words {
namespace {

// Bytes of a tag in the device's configuration. Source: VIRTIO 1.2, 5.11.4.
constexpr std::size_t longest_tag = 36;

struct SaidOfShare {
    BackendArgument argument;
};

constexpr auto share_own_keys = std::to_array<Key<SaidOfShare>>({
    {.words = {"tag", "NAME", "what the guest mounts it by, at most 36 letters; has to be said"},
     .take = [](SaidOfShare& said, std::string_view of, std::string_view value) -> Result<void> {
         TENON_TRY_DO(check_name(value, "tag"), of);
         if (value.size() > longest_tag)
             return malformed("{}: tag={}: longer than {} letters", of, value, longest_tag);
         said.argument.backend.program->tag = value;
         return {};
     }},
    {.words = {"readonly", "on|off",
               "whether the guest cannot change what is in it (off); readonly alone is on"},
     .take =
         [](SaidOfShare& said, std::string_view of, std::string_view value) {
             return store(said.argument.backend.program->readonly,
                          parse_switch(of, "readonly", value));
         }},
});

constexpr auto share_table = joined(share_own_keys, place_keys<SaidOfShare>);

Result<SaidOfShare> read_share(std::string_view text) {
    SaidOfShare said;
    auto& backend = said.argument.backend;
    const auto type = model::virtio::device_type(model::virtio::file_system);
    backend.type = type.number;
    backend.queues = type.queues;
    backend.queue_size = usual_queue_size;
    backend.config_size = type.config_size;
    backend.program = {.kind = model::virtio::ProgramKind::Share, .path = {}};
    TENON_TRY(folder, read_backend(text, "--share", "folder", share_table, said), "");
    backend.program->path = folder;
    return said;
}

}  // namespace

std::vector<KeyWords> share_keys() { return words_of(share_table); }

Result<void> check_share_keys(std::string_view text) {
    TENON_TRY_DO(read_share(text), "");
    return {};
}

Result<BackendArgument> parse_share_argument(std::string_view text) {
    TENON_TRY(said, read_share(text), "");
    const auto& program = *said.argument.backend.program;
    if (program.tag.empty())
        return malformed("{}: tag= is missing: what the guest mounts it by", program.path);
    return std::move(said.argument);
}

}  // namespace tenon::library::words

#include "model/virtio/backend.hpp"

#include <fmt/ranges.h>

#include <string_view>

#include "model/virtio/program.hpp"

namespace tenon::model::virtio {

std::string to_string(const MacAddress& address) {
    return fmt::format("{:02x}", fmt::join(address, ":"));
}

std::string name_of(const Backend& backend) {
    if (const auto& program = backend.program)
        return fmt::format("{}:{}", program_of(program->kind).option,
                           program->path.empty() ? "user" : program->path);
    return backend.file ? fmt::format("vhost-user:fd={}", *backend.file)
                        : "vhost-user:" + backend.socket;
}

std::string claim_of(const Backend& backend) {
    const auto& program = backend.program;
    if (!program) return name_of(backend);
    switch (program->kind) {
        case ProgramKind::Disk:
            return program->readonly ? "" : name_of(backend);
        case ProgramKind::Share:
            return fmt::format("tag={}", program->tag);
        case ProgramKind::Network:
            break;
    }
    return "";
}

Backend without_names(Backend backend) {
    if (!backend.socket.empty()) backend.socket = "SOCKET";
    if (!backend.program) return backend;
    auto& program = *backend.program;
    if (program.kind == ProgramKind::Disk) program.format = format_of(program);
    if (!program.path.empty()) program.path = "FILE";
    if (!program.tag.empty()) program.tag = "TAG";
    for (auto& forward : program.forwards)
        forward.address = "ADDRESS";
    if (backend.mac) backend.mac = MacAddress{0x52, 0x54};
    return backend;
}

}  // namespace tenon::model::virtio

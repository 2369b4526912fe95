#include "model/virtio/program.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace tenon::model::virtio {
namespace {

// Source: the packages of Debian as of December 2026.
constexpr std::array program_table{
    Program{.kind = ProgramKind::Disk,
            .option = "disk",
            .name = "qemu-storage-daemon",
            .place = "",
            .packages = "qemu-system-common of Debian 12, qemu-utils of Debian 13",
            .known_by = "",
            .connected = false},
    Program{.kind = ProgramKind::Share,
            .option = "share",
            .name = "virtiofsd",
            .place = "/usr/libexec/virtiofsd",
            .packages = "virtiofsd of Debian 13; Debian 12 has none that would do",
            .known_by = "--tag",
            .connected = false},
    Program{.kind = ProgramKind::Network,
            .option = "net",
            .name = "passt",
            .place = "",
            .packages = "passt of Debian 13; that of Debian 12 is too old for this",
            .known_by = "--vhost-user",
            .connected = true},
};

using Words = std::vector<std::string>;

// "QFI" and 0xfb. Source: QEMU, docs/interop/qcow2.rst.
constexpr std::array qcow2_magic{std::byte{'Q'}, std::byte{'F'}, std::byte{'I'}, std::byte{0xfb}};
constexpr std::string_view qcow2_ending = ".qcow2";

// A value among others of an option of QEMU's. Source: QEMU, util/keyval.c.
std::string escaped(std::string_view value) {
    std::string text;
    for (const char letter : value)
        text += letter == ',' ? ",," : std::string{letter};
    return text;
}

std::string path_of(const ProgramFiles& files) {
    auto path = fmt::format("/proc/self/fd/{}", files.file);
    return files.name.empty() ? path : path + '/' + files.name;
}

// Source: QEMU, qapi/block-core.json, qapi/block-export.json.
Words disk_words(const Backend& backend, const ProgramFiles& files) {
    const auto& program = *backend.program;
    return {"--blockdev",
            fmt::format("driver={},node-name=disk,read-only={},discard=unmap,file.driver={},"
                        "file.filename={}",
                        name_of(format_of(program)), program.readonly ? "on" : "off",
                        files.block_device ? "host_device" : "file", escaped(path_of(files))),
            "--export",
            fmt::format("type=vhost-user-blk,id=disk,node-name=disk,addr.type=fd,addr.str={},"
                        "writable={},num-queues={}",
                        files.socket, program.readonly ? "off" : "on", backend.queues)};
}

Words share_words(const Backend& backend, const ProgramFiles& files) {
    const auto& program = *backend.program;
    Words words{"--fd",         fmt::format("{}", files.socket),
                "--shared-dir", path_of(files),
                "--tag",        program.tag,
                "--log-level",  "error"};
    if (program.readonly) words.emplace_back("--readonly");
    return words;
}

Words network_words(const Backend& backend, const ProgramFiles& files) {
    Words words{"--vhost-user", "--foreground", "--quiet", "--fd", fmt::format("{}", files.socket)};
    if (!backend.program->host) words.emplace_back("--no-map-gw");
    for (const auto& forward : backend.program->forwards) {
        words.emplace_back(forward.udp ? "-u" : "-t");
        words.push_back(fmt::format("{}/{}:{}", forward.address, forward.host, forward.guest));
    }
    return words;
}

}  // namespace

std::span<const Program> programs() { return program_table; }

const Program& program_of(ProgramKind kind) {
    return *std::ranges::find(program_table, kind, &Program::kind);
}

std::string_view name_of(ImageFormat format) {
    return format == ImageFormat::Qcow2 ? "qcow2" : "raw";
}

ImageFormat format_of(const StartedProgram& program) {
    return program.format.value_or(program.path.ends_with(qcow2_ending) ? ImageFormat::Qcow2
                                                                        : ImageFormat::Raw);
}

Result<void> check_image(const StartedProgram& program, std::span<const std::byte> beginning) {
    const bool qcow2 = beginning.size() >= qcow2_magic.size() &&
                       std::ranges::equal(beginning.first(qcow2_magic.size()), qcow2_magic);
    const bool wanted = format_of(program) == ImageFormat::Qcow2;
    if (wanted && !qcow2)
        return malformed("{}: it is no qcow2: it does not begin as one", program.path);
    if (qcow2 && !wanted && !program.format)
        return std::unexpected(Error{
            .kind = Error::Kind::Malformed,
            .what =
                fmt::format("{}: it begins as a qcow2, which a guest can write into a raw image "
                            "to have other files of the host read",
                            program.path),
            .hint = "Say format=qcow2 if you made it as one, else format=raw"});
    return {};
}

Words arguments_of(const Backend& backend, const ProgramFiles& files) {
    switch (backend.program->kind) {
        case ProgramKind::Disk:
            return disk_words(backend, files);
        case ProgramKind::Share:
            return share_words(backend, files);
        case ProgramKind::Network:
            return network_words(backend, files);
    }
    return {};
}

std::string program_in_words(const StartedProgram& program) {
    const auto name = program_of(program.kind).name;
    const auto* const only = program.readonly ? ", read-only" : "";
    switch (program.kind) {
        case ProgramKind::Disk:
            return fmt::format("{} serves {} ({}{})", name, program.path,
                               name_of(format_of(program)), only);
        case ProgramKind::Share:
            return fmt::format("{} serves {} as \"{}\"{}", name, program.path, program.tag, only);
        case ProgramKind::Network:
            break;
    }
    auto text = fmt::format("{} is the guest's way out", name);
    for (const auto& forward : program.forwards)
        text += fmt::format("; {} {}:{} leads to its {}", forward.udp ? "udp" : "tcp",
                            forward.address, forward.host, forward.guest);
    return text;
}

}  // namespace tenon::model::virtio

// Programs that are started to be devices: what they are called, where they come from, and what is
// said to each. Pure: nothing is started here.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/virtio/backend.hpp"

namespace tenon::model::virtio {

/// A row of the table.
struct Program {
    ProgramKind kind{};
    std::string_view option;    ///< "disk", as in --disk.
    std::string_view name;      ///< Of its file: "qemu-storage-daemon".
    std::string_view place;     ///< Its file where PATH does not lead to it; empty: nowhere else.
    std::string_view packages;  ///< Which packages of Debian have it, with their suites.
    /// A word that its --help has, unless it is too old; empty: all there are will do.
    std::string_view known_by;
    /// It takes a socket that is connected, the others one where they are to listen.
    bool connected = false;
};

std::span<const Program> programs();
const Program& program_of(ProgramKind kind);

/// "raw", "qcow2"
std::string_view name_of(ImageFormat format);

/// How its image holds the disk: as it was said, else by the image's name.
ImageFormat format_of(const StartedProgram& program);

/// How many bytes of an image check_image() looks at.
inline constexpr std::size_t image_beginning = 4;

/// Whether an image that begins so can be what it was said to be. One that nobody called raw must
/// not begin as a qcow2: a guest could have made it one.
/// Errors: Malformed.
Result<void> check_image(const StartedProgram& program, std::span<const std::byte> beginning);

/// What a program finds when it starts. The numbers are of its files; its socket always is one.
struct ProgramFiles {
    int socket = -1;
    /// The image; of a qcow2 its folder, beside which the names of its backing files are found;
    /// the folder that is shared. -1: none is needed.
    int file = -1;
    std::string name;           ///< Of a qcow2: in that folder.
    bool block_device = false;  ///< The image is one.
};

/// The words behind its name.
std::vector<std::string> arguments_of(const Backend& backend, const ProgramFiles& files);

/// "qemu-storage-daemon serves debian.qcow2 (qcow2, read-only)"
std::string program_in_words(const StartedProgram& program);

}  // namespace tenon::model::virtio

#include "vmm/virtio/program.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "base/bytes.hpp"
#include "base/undo.hpp"
#include "vmm/board/local_address.hpp"

namespace tenon::vmm::virtio {
namespace {

using namespace std::chrono_literals;
using model::virtio::ProgramKind;

constexpr std::size_t longest_line = 500;
// A help of several pages.
constexpr std::size_t longest_help = 256 << 10;
constexpr auto help_patience = 30s;
// It closes its connection a moment before it ends.
constexpr auto ending_patience = 1s;
constexpr auto lost_patience = 5s;

std::string packages_in_words(const model::virtio::Program& row) {
    return fmt::format("Its package: {}", row.packages);
}

Result<std::string> find(const model::virtio::Program& row) {
    const auto path = find_program(row.name, {row.place});
    if (!path)
        return std::unexpected(Error{.kind = Error::Kind::NotFound,
                                     .what = fmt::format("no program {} is here", row.name),
                                     .hint = packages_in_words(row)});
    if (row.known_by.empty()) return *path;
    TENON_TRY(help,
              output_of({.program = *path, .arguments = {"--help"}}, longest_help, help_patience),
              "");
    if (help.contains(row.known_by)) return *path;
    return std::unexpected(
        Error{.kind = Error::Kind::Unsupported,
              .what = fmt::format("{}: it is too old: it has no {}", *path, row.known_by),
              .hint = packages_in_words(row)});
}

// What a program is to serve, as it is given to it.
struct Served {
    Fd file;
    std::string name = {};
    bool block_device = false;
    Fd held = {};  ///< Has the lock on an image, where that is not `file`.
};

// The names of other files in a qcow2 begin where it lies.
Result<Served> open_with_folder(const std::string& path, Fd image) {
    const auto slash = path.rfind('/');
    const auto folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    TENON_TRY(file, Fd::open(folder, O_PATH | O_DIRECTORY), "");
    return Served{.file = std::move(file),
                  .name = slash == std::string::npos ? path : path.substr(slash + 1),
                  .held = std::move(image)};
}

// The lock is the opened file's: who has a copy holds it, until the last one is closed. Where there
// are no such locks, it is not there.
Result<void> hold(const Fd& image, const model::virtio::StartedProgram& program) {
    const int kind = program.readonly ? LOCK_SH : LOCK_EX;
    if (::flock(image.number(), kind | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
    return std::unexpected(
        Error{.kind = Error::Kind::Busy,
              .what = fmt::format("{}: it is in use, as the disk of another guest", program.path),
              .hint = program.readonly ? "A guest that writes to it has it alone"
                                       : "A guest has an image that it writes to alone"});
}

Result<Served> open_image(const model::virtio::StartedProgram& program) {
    const auto& path = program.path;
    // A pipe is not waited for.
    TENON_TRY(image, Fd::open(path, (program.readonly ? O_RDONLY : O_RDWR) | O_NONBLOCK), "");
    struct ::stat what{};
    if (::fstat(image.number(), &what) < 0) return fail_system(errno, path);
    if (!S_ISREG(what.st_mode) && !S_ISBLK(what.st_mode))
        return malformed("{}: it is neither a file nor a block device", path);
    std::array<std::byte, model::virtio::image_beginning> beginning{};
    const auto count = ::pread(image.number(), beginning.data(), beginning.size(), 0);
    if (count < 0) return fail_system(errno, path);
    TENON_TRY_DO(model::virtio::check_image(
                     program, std::span{beginning}.first(static_cast<std::size_t>(count))),
                 "");
    TENON_TRY_DO(hold(image, program), "");
    if (model::virtio::format_of(program) == model::virtio::ImageFormat::Qcow2)
        return open_with_folder(path, std::move(image));
    return Served{.file = std::move(image), .block_device = S_ISBLK(what.st_mode)};
}

Result<Served> open_served(const model::virtio::StartedProgram& program) {
    if (program.kind == ProgramKind::Disk) return open_image(program);
    if (program.kind == ProgramKind::Network) return Served{};
    TENON_TRY(folder, Fd::open(program.path, O_PATH | O_DIRECTORY), "");
    return Served{.file = std::move(folder)};
}

struct Ends {
    Fd ours;
    Fd theirs;
};

Result<Ends> connected_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0)
        return fail_system(errno, "a pair of sockets");
    return Ends{.ours = Fd{ends[0]}, .theirs = Fd{ends[1]}};
}

// A socket that listens has a name by which others could come first. So it lies in a folder of our
// own, and both are gone when we have connected.
Result<Ends> listening_pair() {
    const char* const chosen = ::getenv("TMPDIR");
    auto folder =
        fmt::format("{}/tenon-XXXXXX", chosen == nullptr || *chosen == '\0' ? "/tmp" : chosen);
    if (::mkdtemp(folder.data()) == nullptr) return fail_system(errno, folder);
    const auto path = folder + "/socket";
    Undo names;
    names.add([&folder] { ::rmdir(folder.c_str()); });
    TENON_TRY(address, board::local_address(path), path);
    Fd theirs{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!theirs || board::bind_to(theirs, address) < 0) return fail_system(errno, path);
    names.add([&path] { ::unlink(path.c_str()); });
    if (::listen(theirs.number(), 1) < 0) return fail_system(errno, path);
    Fd ours{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!ours || board::connect_to(ours, address) < 0) return fail_system(errno, path);
    return Ends{.ours = std::move(ours), .theirs = std::move(theirs)};
}

Child::Command command_of(const model::virtio::Backend& backend, std::string program,
                          const Served& served, int socket, int output) {
    model::virtio::ProgramFiles numbers{
        .socket = Child::first_file, .name = served.name, .block_device = served.block_device};
    Child::Command command{.program = std::move(program), .files = {socket}, .output = output};
    if (served.file) {
        command.files.push_back(served.file.number());
        numbers.file = Child::first_file + 1;
    }
    if (served.held) command.files.push_back(served.held.number());
    command.arguments = model::virtio::arguments_of(backend, numbers);
    return command;
}

}  // namespace

Result<void> check_program(const model::virtio::Backend& backend) {
    if (!backend.program) return {};
    const auto name = name_of(backend);
    TENON_TRY_DO(find(model::virtio::program_of(backend.program->kind)), name);
    TENON_TRY_DO(open_served(*backend.program), name);
    return {};
}

Result<Program::Started> Program::start(const model::virtio::Backend& backend, std::string name,
                                        const Outside& outside) {
    const auto& row = model::virtio::program_of(backend.program->kind);
    TENON_TRY(path, find(row), name);
    TENON_TRY(served, open_served(*backend.program), name);
    TENON_TRY(ends, row.connected ? connected_pair() : listening_pair(), name);
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) < 0) return fail_system(errno, name);
    Fd printed{pipe[0]};
    const Fd output{pipe[1]};
    if (::fcntl(printed.number(), F_SETFL, O_NONBLOCK) < 0) return fail_system(errno, name);
    std::unique_ptr<Program> program{
        new Program{row, std::move(name), outside, std::move(printed)}};
    TENON_TRY(child,
              Child::start(command_of(backend, std::move(path), served, ends.theirs.number(),
                                      output.number())),
              program->name_);
    program->child_ = std::move(child);
    TENON_TRY_DO(program->listen(), program->name_);
    return Started{.program = std::move(program), .channel = Channel{std::move(ends.ours)}};
}

Result<void> Program::listen() {
    TENON_TRY(token,
              outside_.events.add(printed_.number(),
                                  [this] {
                                      if (read_printed() == 0) outside_.events.remove(token_);
                                  }),
              "what it prints");
    token_ = token;
    return {};
}

Program::~Program() {
    child_.reset();
    outside_.events.remove(token_);
    outside_.events.settle();
    // Its last words. Who has it as well may go on to print.
    for (unsigned parts = 0; parts < 64 && read_printed() > 0; ++parts) {
    }
    say();
}

// As read(2) has it.
ssize_t Program::read_printed() {
    std::array<char, 1024> part{};
    const auto count = ::read(printed_.number(), part.data(), part.size());
    if (count > 0) take({part.data(), static_cast<std::size_t>(count)});
    return count;
}

void Program::take(std::string_view text) {
    for (const char letter : text)
        if (letter == '\n')
            say();
        else if (line_.size() < longest_line)
            line_ += letter;
}

void Program::say() {
    if (line_.empty()) return;
    // Some name themselves.
    const auto own = fmt::format("{}: ", row_.name);
    if (line_.starts_with(own)) line_.erase(0, own.size());
    outside_.warnings.once({.function = name_, .kind = std::string{row_.name}},
                           fmt::format("{}: {}{}", name_, own, line_));
    line_.clear();
}

std::string Program::end_after_loss() {
    if (const auto how = child_->wait(ending_patience))
        return fmt::format("{} {}", row_.name, *how);
    child_->end(lost_patience);
    return fmt::format("{} had to be ended", row_.name);
}

}  // namespace tenon::vmm::virtio

// A program that is started to be a device of the guest, and ends with it.
//
//   we ──── socket, connected ────▶ program ──── file, opened by us ────▶ image, folder
//      ◀─── what it prints ────────
//
// It is one process of ours, without more rights than we have: see base/child.hpp. What it serves
// is opened here and given to it, so it needs to find nothing.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/child.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "model/virtio/program.hpp"
#include "vmm/board/event_loop.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/virtio/channel.hpp"

namespace tenon::vmm::virtio {

/// Whether the program of this back end is here and new enough, and whether what it is to serve can
/// be opened and is what it was said to be. One without a program is.
/// Errors: NotFound and Unsupported, naming the packages that have the program; errno of open(2);
/// those of model::virtio::check_image(); Busy for an image that another guest has.
Result<void> check_program(const model::virtio::Backend& backend);

/// Owns the process. Lines that it prints become warnings.
class Program {
public:
    /// What it works on; all must outlive it.
    struct Outside {
        board::Warnings& warnings;
        board::EventLoop& events;
    };

    /// A program that runs, and the connection to it.
    struct Started;

    /// Starts the program of `backend`. `name` stands in warnings: "dev0 (disk:debian.qcow2)".
    /// Errors: those of check_program(), of sockets, and of Child::start().
    static Result<Started> start(const model::virtio::Backend& backend, std::string name,
                                 const Outside& outside);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    /// Asks it to end, and waits until it has: what the guest wrote is on its way to the image.
    ~Program();

    /// How it ended, in words, once the connection to it is lost: it would go on without a purpose,
    /// with the guest's memory, so one that has not ended is made to. Returns when it has. From any
    /// thread.
    std::string end_after_loss();

private:
    Program(const model::virtio::Program& row, std::string name, const Outside& outside, Fd printed)
        : row_{row}, name_{std::move(name)}, outside_{outside}, printed_{std::move(printed)} {}
    Result<void> listen();
    ssize_t read_printed();
    void take(std::string_view text);
    void say();

    const model::virtio::Program& row_;
    const std::string name_;
    const Outside outside_;
    const Fd printed_;                                ///< What it prints comes here.
    std::atomic<board::EventLoop::Token> token_ = 0;  ///< Its callback may come before it.
    std::string line_;  ///< Of the event loop's callback, and once that is gone, of the destructor.
    std::unique_ptr<Child> child_;
};

struct Program::Started {
    std::unique_ptr<Program> program;
    Channel channel;
};

}  // namespace tenon::vmm::virtio

// The system calls that device assignment needs, as a seam: tests put a kernel of their own behind
// it, make any call fail, and count what stays open.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/mapping.hpp"

namespace tenon::host {

/// What a system call gave, or its errno.
template <typename T>
using Outcome = std::expected<T, int>;

/// Major and minor number of a device node.
struct DeviceNumber {
    unsigned major = 0;
    unsigned minor = 0;

    bool operator==(const DeviceNumber&) const = default;
};

/// The system calls. No state of its own.
class Kernel {
public:
    Kernel() = default;
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;
    virtual ~Kernel() = default;

    /// open(2) to read and write, close on exec. Who calls owns the descriptor.
    virtual Outcome<int> open(const std::string& path) = 0;
    virtual void close(int file) = 0;

    /// Another descriptor of the same open file, close on exec. Who calls owns it.
    virtual Outcome<int> duplicate(int file) = 0;

    /// ioctl(2) whose argument is a structure; the kernel reads and fills it.
    virtual Outcome<int> ioctl(int file, unsigned long request, std::span<std::byte> argument) = 0;

    /// ioctl(2) whose argument is a number, or none (0).
    virtual Outcome<int> ioctl(int file, unsigned long request, unsigned long argument) = 0;

    /// pread(2) and pwrite(2); how many bytes, perhaps fewer than asked.
    virtual Outcome<std::size_t> read(int file, std::span<std::byte> out, std::uint64_t offset) = 0;
    virtual Outcome<std::size_t> write(int file, std::span<const std::byte> in,
                                       std::uint64_t offset) = 0;

    /// mmap(2); `what` names the object in the error.
    virtual Result<Mapping> map(const Mapping::Request& request, std::string_view what) = 0;

    /// Number of the character device that an open node belongs to.
    /// Errors: ENODEV if the file is another kind.
    virtual Outcome<DeviceNumber> device_number(int file) = 0;

    /// How many bytes of memory this process may lock; all ones if there is no limit.
    virtual std::uint64_t lock_limit() = 0;

    /// Whether the kernel holds it to that limit: not if it has CAP_IPC_LOCK in the host's own user
    /// namespace.
    virtual bool lock_limit_applies() = 0;
};

/// The kernel that we run on.
Kernel& linux_kernel();

/// From now on linux_kernel() opens nothing itself: `opener` gives the file of a path, or an errno.
/// Empty: it does again. While no other thread is in its open().
void open_nodes_by(std::function<Outcome<int>(const std::string& path)> opener);

/// Hands a plain structure to an ioctl.
template <typename T>
Outcome<int> ioctl(Kernel& kernel, int file, unsigned long request, T& structure) {
    return kernel.ioctl(file, request, writable_bytes_of(structure));
}

/// Owns one descriptor of a Kernel and closes it there. Movable only. The kernel must outlive it.
class KernelFile {
public:
    KernelFile() = default;
    KernelFile(Kernel& kernel, int number) : kernel_{&kernel}, number_{number} {}
    KernelFile(KernelFile&& other) noexcept
        : kernel_{other.kernel_}, number_{std::exchange(other.number_, -1)} {}
    KernelFile& operator=(KernelFile&& other) noexcept;
    KernelFile(const KernelFile&) = delete;
    KernelFile& operator=(const KernelFile&) = delete;
    ~KernelFile() { close(); }

    int number() const { return number_; }

    /// Closes now.
    void close();

private:
    Kernel* kernel_ = nullptr;
    int number_ = -1;
};

}  // namespace tenon::host

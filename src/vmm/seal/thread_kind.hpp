// The kinds of thread that a running machine has, and who opens nodes for it. Each has its own
// filter of system calls.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace tenon::vmm::seal {

/// What a thread is for.
enum class ThreadKind : std::uint8_t {
    Main,     ///< Starts the others, starts the guest again, gives everything back.
    Vcpu,     ///< Runs the guest, and carries out what its accesses ask for.
    Events,   ///< Waits for events of devices and for timers (board::EventLoop).
    Console,  ///< Takes in what is typed, and signals that end the machine.
    Output,   ///< Writes what the guest's serial port sends, or warnings.
    HotPlug,  ///< Takes devices out and looks at their errors (slots::HotPlug).
    Control,  ///< Talks to clients of the control socket.
    Worker,   ///< Carries out one command of a client.
    Mapper,   ///< Maps guest memory for DMA beside the start.
    Backend,  ///< Talks to a process that is a device (virtio::Worker).
    Opener,   ///< A process beside it, which opens nodes of devices for workers.
};

inline constexpr std::array all_thread_kinds{
    ThreadKind::Main,   ThreadKind::Vcpu,    ThreadKind::Events,  ThreadKind::Console,
    ThreadKind::Output, ThreadKind::HotPlug, ThreadKind::Control, ThreadKind::Worker,
    ThreadKind::Mapper, ThreadKind::Backend, ThreadKind::Opener};

/// Its name in messages and in the table; with "tenon-" before it the thread's own, but Main's.
constexpr std::string_view name_of(ThreadKind kind) {
    constexpr std::array<std::string_view, all_thread_kinds.size()> names{
        "main",    "vcpu",   "events", "console", "output", "hot-plug",
        "control", "worker", "mapper", "backend", "opener"};
    return names.at(static_cast<std::size_t>(kind));
}

/// A set of kinds.
class Kinds {
public:
    constexpr Kinds() = default;
    constexpr Kinds(std::initializer_list<ThreadKind> kinds) {
        for (const auto kind : kinds)
            bits_ |= bit(kind);
    }
    constexpr bool contains(ThreadKind kind) const { return (bits_ & bit(kind)) != 0; }
    constexpr bool meets(Kinds other) const { return (bits_ & other.bits_) != 0; }
    constexpr Kinds operator|(Kinds other) const {
        other.bits_ |= bits_;
        return other;
    }
    constexpr Kinds without(ThreadKind kind) const {
        Kinds less = *this;
        less.bits_ &= ~bit(kind);
        return less;
    }
    constexpr bool operator==(const Kinds&) const = default;

private:
    static constexpr unsigned bit(ThreadKind kind) { return 1u << static_cast<unsigned>(kind); }
    unsigned bits_ = 0;
};

/// Every kind of the machine's own threads.
constexpr Kinds everyone() {
    Kinds all;
    for (const auto kind : all_thread_kinds)
        if (kind != ThreadKind::Opener) all = all | Kinds{kind};
    return all;
}

}  // namespace tenon::vmm::seal

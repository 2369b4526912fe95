#include "vmm/virtio/function.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <variant>

#include "base/bytes.hpp"
#include "model/virtio/facts.hpp"
#include "model/virtio/layout.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::vmm::virtio {

namespace layout = model::virtio::layout;
namespace effect = model::virtio::effect;

namespace {

Result<std::shared_ptr<const Fd>> copy_of(int file) {
    Fd copy{::fcntl(file, F_DUPFD_CLOEXEC, 0)};
    if (!copy) return fail_system(errno, "copying an event");
    return std::make_shared<const Fd>(std::move(copy));
}

void signal(const Fd& event) {
    const std::uint64_t one = 1;
    // A count that is at its top is signalled already.
    [[maybe_unused]] const auto count = ::write(event.number(), &one, sizeof one);
}

// Registers of configuration space that the device keeps as they are written; all else of it is
// answered before, or never written. Offsets in layout::access_capability: bar, offset, length.
struct Kept {
    std::size_t at;
    std::size_t size;
};
constexpr std::array kept{
    Kept{pci::header::command, 2},
    Kept{0x40 + pci::express::device_control, 2},
    Kept{0x40 + pci::express::link_control, 2},
    Kept{layout::access_capability + 4, 1},
    Kept{layout::access_capability + 8, 8},
};
constexpr std::uint64_t window_data = layout::access_capability + 16;

std::vector<SharedPart> parts_of(const board::GuestMemory& memory) {
    std::vector<SharedPart> parts;
    for (const auto& part : memory.parts())
        parts.push_back({.region = {.guest = part.at.value(),
                                    .size = part.bytes.size(),
                                    .user = part.at.value(),
                                    .offset = part.offset},
                         .file = part.file});
    return parts;
}

// To the process, which is started first if it is ours.
Result<Program::Started> reach(const model::virtio::Backend& backend, const std::string& name,
                               const VirtioFunction::Outside& outside) {
    if (backend.program)
        return Program::start(backend, name,
                              {.warnings = outside.warnings, .events = outside.events});
    TENON_TRY(channel,
              backend.file ? Channel::adopt(*backend.file) : Channel::connect(backend.socket),
              name);
    return Program::Started{.program = nullptr, .channel = std::move(channel)};
}

Error with_end_of(Program& program, Error why) {
    why.what += ": " + program.end_after_loss();
    return why;
}

Unknown no_such(std::string_view what) {
    return Unknown{fmt::format("a process behind a socket has no {}", what)};
}

std::unexpected<Error> unsupported(std::string_view what) {
    return fail(Error::Kind::Unsupported, "{}", no_such(what).why);
}

}  // namespace

VirtioFunction::VirtioFunction(const model::virtio::Backend& backend, std::string name,
                               const Outside& outside, std::vector<Events> events,
                               const Session& session)
    : backend_{backend},
      name_{std::move(name)},
      outside_{outside},
      events_{std::move(events)},
      config_{model::virtio::make_facts(backend).vfio->config},
      transport_{backend, session.features()},
      calls_(backend.queues),
      redirecting_(backend.queues) {
    transport_.set_config(session.config());
}

Result<std::unique_ptr<VirtioFunction>> VirtioFunction::connect(
    const model::virtio::Backend& backend, std::string name, const Outside& outside) {
    for (const auto& part : outside.memory.parts())
        if (part.file < 0)
            return std::unexpected(
                Error{.kind = Error::Kind::Unsupported,
                      .what = fmt::format("{}: no file holds the guest's memory", name),
                      .hint = "One does where the guest starts with such a device, or with "
                              "hugepages= behind the size of --memory"});
    TENON_TRY(connection, reach(backend, name, outside), "");
    auto& program = connection.program;
    auto session = Session::open(std::move(connection.channel), backend, outside.patience,
                                 program ? std::optional{start_patience} : std::nullopt);
    if (!session && program)
        return std::unexpected(with_end_of(*program, std::move(session).error()).during(name));
    if (!session) return std::unexpected(std::move(session).error().during(name));
    std::vector<Events> events;
    for (unsigned queue = 0; queue < backend.queues; ++queue) {
        TENON_TRY(kick, EventFd::create(), name);
        TENON_TRY(unheard, EventFd::create(), name);
        events.push_back({.kick = std::move(kick), .unheard = std::move(unheard)});
    }
    std::unique_ptr<VirtioFunction> function{
        new VirtioFunction{backend, std::move(name), outside, std::move(events), *session}};
    function->program_ = std::move(program);
    TENON_TRY(worker,
              Worker::start(std::move(*session),
                            [&function = *function](const Error& why) { function.lost(why); }),
              function->name_);
    function->worker_ = std::move(worker);
    return function;
}

VirtioFunction::~VirtioFunction() {
    if (!worker_) return;
    {
        const MutexLock lock{mutex_};
        if (transport_.begin_reset()) stop_rings();
    }
    worker_.reset();
}

std::vector<assigned::Doorbell> VirtioFunction::doorbells() const {
    std::vector<assigned::Doorbell> all;
    for (std::size_t queue = 0; queue < events_.size(); ++queue)
        all.push_back({.bar = layout::bar,
                       .offset = layout::notify + queue * layout::notify_step,
                       .size = 2,
                       .event = events_[queue].kick.number()});
    return all;
}

Result<device::VfioFacts> VirtioFunction::facts() {
    return *model::virtio::make_facts(backend_).vfio;
}

Result<void> VirtioFunction::read(unsigned region, std::uint64_t offset, std::span<std::byte> out) {
    const MutexLock lock{mutex_};
    std::ranges::fill(out, std::byte{});
    std::uint64_t value = 0;
    if (region == layout::bar && out.size() <= sizeof value) {
        value = read_bar(offset, static_cast<unsigned>(out.size()));
        std::ranges::copy(bytes_of(value).first(out.size()), out.begin());
        return {};
    }
    if (region != device::config_region || offset > config_.bytes().size() ||
        out.size() > config_.bytes().size() - offset)
        return malformed("{}: {} bytes at {:#x} of region {}: there is nothing", name_, out.size(),
                         offset, region);
    std::ranges::copy(config_.bytes().subspan(static_cast<std::size_t>(offset), out.size()),
                      out.begin());
    const auto into = window();
    if (offset == window_data && into && out.size() == into->size) {
        value = read_bar(into->offset, into->size);
        std::ranges::copy(bytes_of(value).first(out.size()), out.begin());
    }
    return {};
}

std::uint64_t VirtioFunction::read_bar(std::uint64_t offset, unsigned size) {
    if (offset >= layout::pending) return pending_bits(offset - layout::pending, size);
    return transport_.read(offset, size);
}

// Of vectors without an event of VFIO's kind; those of one that has are where that is.
std::uint64_t VirtioFunction::pending_bits(std::uint64_t offset, unsigned size) const {
    std::uint64_t bits = 0;
    for (std::size_t queue = 0; queue < events_.size(); ++queue) {
        const auto vector = transport_.queues()[queue].vector;
        if (vector / 8 < offset || vector / 8 >= offset + size) continue;
        if (events_[queue].unheard.pending()) bits |= std::uint64_t{1} << (vector - offset * 8);
    }
    return bits;
}

Result<void> VirtioFunction::write(unsigned region, std::uint64_t offset,
                                   std::span<const std::byte> in) {
    const MutexLock lock{mutex_};
    std::uint64_t value = 0;
    if (in.size() > sizeof value) return malformed("{}: a write of {} bytes", name_, in.size());
    std::ranges::copy(in, writable_bytes_of(value).begin());
    if (region == layout::bar)
        write_bar(offset, static_cast<unsigned>(in.size()), value);
    else if (region == device::config_region)
        write_config_space(offset, in);
    return {};
}

void VirtioFunction::write_bar(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const auto effect = transport_.write(offset, size, value);
    if (effect)
        std::visit(
            [this](const auto& one) {
                mutex_.assume_held();
                carry_out(one);
            },
            *effect);
}

void VirtioFunction::write_config_space(std::uint64_t offset, std::span<const std::byte> in) {
    const auto into = window();
    if (offset == window_data && into && in.size() == into->size) {
        std::uint64_t value = 0;
        std::ranges::copy(in, writable_bytes_of(value).begin());
        return write_bar(into->offset, into->size, value);
    }
    for (std::size_t n = 0; n < in.size(); ++n)
        for (const auto& one : kept)
            if (offset + n >= one.at && offset + n < one.at + one.size)
                config_.bytes()[static_cast<std::size_t>(offset + n)] = in[n];
}

// Where the driver's window looks into the BAR, if it does. Source: VIRTIO 1.2, 4.1.4.9.
std::optional<VirtioFunction::Window> VirtioFunction::window() const {
    const Window into{.offset = config_.read32(layout::access_capability + 8),
                      .size = config_.read32(layout::access_capability + 12)};
    const bool width = into.size == 1 || into.size == 2 || into.size == 4;
    if (config_.read8(layout::access_capability + 4) != layout::bar || !width ||
        into.offset % into.size != 0 || into.offset >= layout::bar_size)
        return std::nullopt;
    return into;
}

Result<Mapping> VirtioFunction::map(unsigned /*region*/, const device::MmapArea& /*area*/) {
    return unsupported("registers that could be mapped");
}
Result<void> VirtioFunction::unmask_intx() { return unsupported("INTx"); }
Result<void> VirtioFunction::unmask_intx_on(int /*event*/) { return unsupported("INTx"); }
Result<void> VirtioFunction::hot_reset(std::span<const int> /*owners*/) {
    return unsupported("bus of the host above it");
}
Result<Fd> VirtioFunction::bar_file(unsigned /*bar*/, const device::MmapArea& /*area*/) {
    return unsupported("registers that could be mapped");
}

Result<device::Offer> VirtioFunction::set_vectors(device::IrqIndex index, std::uint32_t first,
                                                  std::span<const int> events) {
    if (index != device::IrqIndex::Msix) return unsupported("interrupts but MSI-X");
    std::vector<SharedFd> copies(events.size());
    for (std::size_t n = 0; n < events.size(); ++n) {
        if (events[n] == no_event) continue;
        TENON_TRY(copy, copy_of(events[n]), name_);
        copies[n] = std::move(copy);
    }
    const MutexLock lock{mutex_};
    for (std::size_t n = 0; n < copies.size(); ++n) {
        const auto vector = first + static_cast<std::uint32_t>(n);
        if (copies[n])
            vectors_[vector] = std::move(copies[n]);
        else
            vectors_.erase(vector);
    }
    redirect_all(first, copies.size());
    return device::Offer{};
}

Result<void> VirtioFunction::disable_vectors(device::IrqIndex index) {
    if (index != device::IrqIndex::Msix) return {};
    const MutexLock lock{mutex_};
    vectors_.clear();
    redirect_all(0, events_.size() + 1);
    return {};
}

// Where the queue's interrupts go now.
VirtioFunction::SharedFd VirtioFunction::call_of(std::uint16_t queue) const {
    const auto found = vectors_.find(transport_.queues()[queue].vector);
    if (found != vectors_.end()) return found->second;
    auto copy = copy_of(events_[queue].unheard.number());
    return copy ? *copy : SharedFd{};
}

void VirtioFunction::redirect_all(std::uint32_t first, std::uint64_t count) {
    for (const auto ring : rings_) {
        const auto vector = transport_.queues()[ring].vector;
        if (vector >= first && vector - first < count) redirect(ring);
    }
}

void VirtioFunction::redirect(std::uint16_t queue) {
    auto call = call_of(queue);
    if (!call || call == calls_[queue]) return;
    calls_[queue] = std::move(call);
    if (redirecting_[queue]) return;
    redirecting_[queue] = true;
    worker_->post({.work = [this, queue](Session& session) { return tell_call(queue, session); }});
}

Result<void> VirtioFunction::tell_call(std::uint16_t queue, Session& session) {
    SharedFd call;
    bool heard = false;
    {
        const MutexLock lock{mutex_};
        redirecting_[queue] = false;
        call = calls_[queue];
        heard = vectors_.contains(transport_.queues()[queue].vector);
    }
    if (!call) return {};  // The queue has been taken back meanwhile.
    TENON_TRY_DO(session.set_call(queue, call->number()), "");
    // What came before goes where what follows goes.
    if (heard && events_[queue].unheard.take() != 0) signal(*call);
    return {};
}

Result<std::vector<Ring>> VirtioFunction::rings() const {
    std::vector<Ring> rings;
    for (std::size_t n = 0; n < transport_.queues().size(); ++n) {
        const auto& queue = transport_.queues()[n];
        if (!queue.enabled) continue;
        const auto step = fmt::format("queue {}", n);
        if (!is_aligned(queue)) return malformed("{}: its addresses are not aligned", step);
        const auto& memory = outside_.memory;
        TENON_TRY_DO(memory.span(GuestAddress{queue.descriptors},
                                 model::virtio::descriptors_size(queue.size)),
                     step);
        TENON_TRY_DO(
            memory.span(GuestAddress{queue.driver}, model::virtio::driver_size(queue.size)), step);
        TENON_TRY_DO(
            memory.span(GuestAddress{queue.device}, model::virtio::device_size(queue.size)), step);
        rings.push_back({.index = static_cast<std::uint16_t>(n),
                         .size = queue.size,
                         .descriptors = queue.descriptors,
                         .available = queue.driver,
                         .used = queue.device,
                         .kick = events_[n].kick.number()});
    }
    return rings;
}

void VirtioFunction::carry_out(const effect::Start& /*effect*/) {
    auto rings = this->rings();
    if (!rings) {
        outside_.warnings.check(std::unexpected(rings.error()), {name_, "queues"},
                                fmt::format("{}: it is given no queue", name_));
        if (transport_.need_reset()) tell_driver();
        return;
    }
    for (const auto& ring : *rings) {
        calls_[ring.index] = call_of(ring.index);
        rings_.push_back(ring.index);
    }
    worker_->post({.work = [this, rings = *std::move(rings), calls = calls_,
                            features = transport_.driver_features()](Session& session) mutable {
        for (auto& ring : rings) {
            if (!calls[ring.index])
                return Result<void>{fail_system(EMFILE, "an event for a queue")};
            ring.call = calls[ring.index]->number();
        }
        auto begun = session.start(features, parts_of(outside_.memory), rings);
        // There may be buffers from before.
        if (begun)
            for (const auto& ring : rings)
                events_[ring.index].kick.signal();
        // What the driver took and the back end refuses leaves nothing to go on with.
        if (!begun && begun.error().kind == Error::Kind::Denied)
            return Result<void>{fail(Error::Kind::Io, "{}", begun.error().what)};
        return begun;
    }});
}

void VirtioFunction::carry_out(const effect::Stop& /*effect*/) { stop_rings(); }

void VirtioFunction::stop_rings() {
    stopping_ = true;
    worker_->post({.work =
                       [rings = rings_](Session& session) {
                           auto stopped = session.stop(rings);
                           if (!stopped && stopped.error().kind == Error::Kind::Denied)
                               return Result<void>{
                                   fail(Error::Kind::Io, "{}", stopped.error().what)};
                           return stopped;
                       },
                   .after =
                       [this] {
                           const MutexLock lock{mutex_};
                           transport_.finish_reset();
                           stopping_ = false;
                           stopped_.wake();
                       }});
    rings_.clear();
    std::ranges::fill(calls_, nullptr);
}

void VirtioFunction::carry_out(const effect::Kick& effect) { events_[effect.queue].kick.signal(); }

void VirtioFunction::carry_out(const effect::VectorChanged& effect) { redirect(effect.queue); }

// A driver writes rarely; what it writes without end is left out.
void VirtioFunction::carry_out(const effect::WriteConfig& effect) {
    constexpr unsigned most = 64;
    if (config_writes_ == most) return;
    ++config_writes_;
    worker_->post({.work = [this, effect](Session& session) -> Result<void> {
                       const auto bytes = bytes_of(effect.value).first(effect.size);
                       const auto written = session.write_config(effect.offset, bytes);
                       if (written) change_config(session.config());
                       if (!written && written.error().kind == Error::Kind::Denied)
                           outside_.warnings.check(written, {name_, "configuration"}, name_);
                       return written;
                   },
                   .after =
                       [this] {
                           const MutexLock lock{mutex_};
                           --config_writes_;
                       }});
}

void VirtioFunction::change_config(std::span<const std::byte> config) {
    const MutexLock lock{mutex_};
    if (transport_.set_config(config)) tell_driver();
}

// By the vector for changes of the configuration.
void VirtioFunction::tell_driver() {
    const auto found = vectors_.find(transport_.config_vector());
    if (found != vectors_.end()) signal(*found->second);
}

void VirtioFunction::lost(const Error& why) {
    {
        const MutexLock lock{mutex_};
        transport_.withdraw();
        if (transport_.need_reset()) tell_driver();
    }
    const auto what = program_ ? with_end_of(*program_, why).what : why.what;
    outside_.warnings.incident({.function = name_,
                                .kind = "back-end-lost",
                                .text = fmt::format("{}; the device does nothing more", what)});
}

Result<void> VirtioFunction::reset() {
    const auto end = std::chrono::steady_clock::now() + 2 * outside_.patience;
    const MutexLock lock{mutex_};
    if (transport_.begin_reset()) stop_rings();
    while (stopping_)
        if (!stopped_.wait_until(mutex_, end))
            return fail(Error::Kind::Busy, "{}: its back end does not give the queues back", name_);
    return {};
}

}  // namespace tenon::vmm::virtio

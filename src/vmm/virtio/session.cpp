#include "vmm/virtio/session.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/bytes.hpp"
#include "model/virtio/device_type.hpp"
#include "model/virtio/layout.hpp"
#include "model/virtio/transport.hpp"

namespace tenon::vmm::virtio {
namespace {

// What would have to be done here first.
constexpr std::uint64_t not_offered =
    feature::notify_on_empty | feature::log_all | feature::protocol_features |
    feature::access_platform | feature::ring_packed | feature::sr_iov | feature::notification_data |
    feature::notification_config_data | feature::ring_reset | feature::admin_queue;

constexpr std::uint64_t wanted_protocol =
    protocol::multiqueue | protocol::reply_ack | protocol::config;

// What a network has to tell where its back end does not: a station address, a link that is up, one
// pair of queues. Source: VIRTIO 1.2, 5.1.3, 5.1.4.
constexpr std::uint64_t network_has_mac = 1 << 5;
constexpr std::uint64_t network_has_status = 1 << 16;
struct NetworkConfig {
    model::virtio::MacAddress mac{};
    std::uint16_t status = 1;
    std::uint16_t pairs = 1;
    std::uint16_t mtu = 0;
};
static_assert(sizeof(NetworkConfig) == 12);

// Of a block device: num_queues. Source: VIRTIO 1.2, 5.2.4.
constexpr std::size_t block_queues_at = 34;

Result<std::uint64_t> number_of(Request request, std::span<const std::byte> payload) {
    if (payload.size() == sizeof(std::uint64_t)) return load<std::uint64_t>(payload, 0);
    return malformed("the back end answers request {} with {} bytes in place of 8",
                     static_cast<std::uint32_t>(request), payload.size());
}

}  // namespace

Result<Session> Session::open(Channel channel, const model::virtio::Backend& backend,
                              std::chrono::milliseconds patience,
                              std::optional<std::chrono::milliseconds> to_open) {
    Session session{std::move(channel), backend, patience};
    session.deadline_ = std::chrono::steady_clock::now() + to_open.value_or(patience);
    TENON_TRY_DO(session.agree(), "");
    TENON_TRY_DO(session.tell({.request = Request::SetOwner}), "");
    TENON_TRY_DO(session.read_config(), "");
    return session;
}

Result<void> Session::agree() {
    TENON_TRY(features, ask(Request::GetFeatures), "asking for its features");
    features_ = features;
    if ((features_ & model::virtio::version_1) == 0)
        return fail(Error::Kind::Unsupported, "the back end does not offer VIRTIO 1 (VERSION_1)");
    if (!has_protocol()) return {};
    TENON_TRY(offered, ask(Request::GetProtocolFeatures), "asking for its protocol features");
    protocol_ = offered & wanted_protocol;
    TENON_TRY_DO(tell({.request = Request::SetProtocolFeatures, .payload = bytes_of(protocol_)}),
                 "");
    if (!agreed(protocol::multiqueue)) return {};
    TENON_TRY(queues, ask(Request::GetQueueNumber), "asking for its queues");
    if (queues >= backend_.queues) return {};
    return std::unexpected(
        Error{.kind = Error::Kind::Unsupported,
              .what = fmt::format("the back end has {} queue{}, and the guest is to have {}",
                                  queues, queues == 1 ? "" : "s", backend_.queues),
              .hint = fmt::format("Say queues={}, or give the back end more", queues)});
}

// Some back ends look at no offset: all of it is read from the start.
Result<void> Session::read_config() {
    const auto size = backend_.config_size;
    if (size == 0) return {};
    if (!agreed(protocol::config)) {
        if (backend_.mac) {
            const NetworkConfig own{.mac = *backend_.mac};
            const auto bytes = bytes_of(own);
            config_.assign(bytes.begin(), bytes.end());
        }
        // A network device has nothing there that it could not do without.
        if (backend_.type != model::virtio::block && backend_.type != model::virtio::file_system)
            return {};
        return std::unexpected(Error{
            .kind = Error::Kind::Unsupported,
            .what = "the back end does not tell the device's configuration",
            .hint = backend_.type == model::virtio::file_system ? "Start virtiofsd with --tag=NAME"
                                                                : ""});
    }
    std::vector<std::byte> payload(sizeof(ConfigHead) + size);
    std::ranges::copy(bytes_of(ConfigHead{.size = size}), payload.begin());
    TENON_TRY_DO(channel_.send({.request = Request::GetConfig, .payload = payload}, deadline_), "");
    TENON_TRY(answer, channel_.receive(Request::GetConfig, deadline_),
              "asking for the device's configuration");
    if (answer.size() <= sizeof(ConfigHead))
        return std::unexpected(
            Error{.kind = Error::Kind::Unsupported,
                  .what = fmt::format("the back end does not tell {} bytes of configuration", size),
                  .hint = "Say the type that it is, or how many it has with config-size="});
    if (answer.size() > payload.size())
        return malformed("the back end tells {} bytes of configuration in place of {}",
                         answer.size() - sizeof(ConfigHead), size);
    config_.assign(answer.begin() + sizeof(ConfigHead), answer.end());
    // A driver takes as many queues as stand here.
    if (backend_.type == model::virtio::block &&
        config_.size() >= block_queues_at + sizeof(std::uint16_t))
        store(std::span{config_}, block_queues_at, backend_.queues);
    if (backend_.mac)
        std::ranges::copy(
            bytes_of(*backend_.mac).first(std::min(config_.size(), backend_.mac->size())),
            config_.begin());
    return {};
}

std::uint64_t Session::back_end_features() const { return features_ & ~not_offered; }

std::uint64_t Session::features() const {
    if (!backend_.mac) return back_end_features();
    return back_end_features() | network_has_mac |
           (agreed(protocol::config) ? 0 : network_has_status);
}

Result<void> Session::start(std::uint64_t features, std::span<const SharedPart> memory,
                            std::span<const Ring> rings) {
    deadline_ = std::chrono::steady_clock::now() + patience_;
    const auto taken = (features & back_end_features()) | (features_ & feature::protocol_features);
    TENON_TRY_DO(tell_done({.request = Request::SetFeatures, .payload = bytes_of(taken)}),
                 "giving it the driver's features");
    TENON_TRY_DO(share(memory), "giving it the guest's memory");
    for (const auto& ring : rings)
        TENON_TRY_DO(begin(ring), fmt::format("giving it queue {}", ring.index));
    for (const auto& ring : rings)
        TENON_TRY_DO(enable(ring.index, true), fmt::format("enabling queue {}", ring.index));
    // Messages are done in order: once this is answered, those before are.
    if (!agreed(protocol::reply_ack))
        TENON_TRY_DO(ask(Request::GetFeatures), "waiting until it has begun");
    return {};
}

Result<void> Session::share(std::span<const SharedPart> memory) {
    if (memory.size() > most_files)
        return malformed("guest memory in {} parts: a message has {}", memory.size(), most_files);
    MemoryTable table{.count = static_cast<std::uint32_t>(memory.size())};
    std::vector<int> files;
    for (const auto& part : memory) {
        table.regions[files.size()] = part.region;
        files.push_back(part.file);
    }
    const auto size = offsetof(MemoryTable, regions) + memory.size() * sizeof(MemoryRegion);
    return tell_done({.request = Request::SetMemoryTable,
                      .payload = bytes_of(table).first(size),
                      .files = files});
}

Result<void> Session::begin(const Ring& ring) {
    const VringState number{.index = ring.index, .number = ring.size};
    TENON_TRY_DO(tell({.request = Request::SetVringNumber, .payload = bytes_of(number)}), "");
    const VringState base{.index = ring.index, .number = 0};
    TENON_TRY_DO(tell({.request = Request::SetVringBase, .payload = bytes_of(base)}), "");
    const VringAddress address{.index = ring.index,
                               .descriptors = ring.descriptors,
                               .used = ring.used,
                               .available = ring.available};
    TENON_TRY_DO(tell({.request = Request::SetVringAddress, .payload = bytes_of(address)}), "");
    TENON_TRY_DO(set_event(Request::SetVringCall, ring.index, ring.call), "");
    return set_event(Request::SetVringKick, ring.index, ring.kick);
}

Result<void> Session::stop(std::span<const std::uint16_t> rings) {
    deadline_ = std::chrono::steady_clock::now() + patience_;
    for (const auto ring : rings)
        TENON_TRY_DO(enable(ring, false), fmt::format("disabling queue {}", ring));
    for (const auto ring : rings) {
        const VringState state{.index = ring, .number = 0};
        TENON_TRY_DO(channel_.send({.request = Request::GetVringBase, .payload = bytes_of(state)},
                                   deadline_),
                     "");
        TENON_TRY(answer, channel_.receive(Request::GetVringBase, deadline_),
                  fmt::format("taking queue {} back", ring));
        if (answer.size() != sizeof(VringState))
            return malformed("the back end gives queue {} back with {} bytes", ring, answer.size());
    }
    return {};
}

Result<void> Session::set_call(std::uint16_t ring, int event) {
    deadline_ = std::chrono::steady_clock::now() + patience_;
    return set_event(Request::SetVringCall, ring, event);
}

Result<void> Session::write_config(std::uint32_t offset, std::span<const std::byte> bytes) {
    deadline_ = std::chrono::steady_clock::now() + patience_;
    if (!agreed(protocol::config))
        return fail(Error::Kind::Denied, "the back end has no configuration to write");
    const ConfigHead head{.offset = offset, .size = static_cast<std::uint32_t>(bytes.size())};
    std::vector<std::byte> payload;
    std::ranges::copy(bytes_of(head), std::back_inserter(payload));
    std::ranges::copy(bytes, std::back_inserter(payload));
    TENON_TRY_DO(tell_done({.request = Request::SetConfig, .payload = payload}),
                 "writing the device's configuration");
    return read_config();
}

Result<void> Session::set_event(Request request, std::uint16_t ring, int event) {
    const std::uint64_t index = ring;
    return tell({.request = request, .payload = bytes_of(index), .files = {&event, 1}});
}

// Rings of who has no protocol features are enabled by themselves.
Result<void> Session::enable(std::uint16_t ring, bool on) {
    if (!has_protocol()) return {};
    const VringState state{.index = ring, .number = on ? 1u : 0u};
    return tell_done({.request = Request::SetVringEnable, .payload = bytes_of(state)});
}

Result<std::uint64_t> Session::ask(Request request) {
    TENON_TRY_DO(channel_.send({.request = request}, deadline_), "");
    TENON_TRY(answer, channel_.receive(request, deadline_), "");
    return number_of(request, answer);
}

Result<void> Session::tell(const Channel::Message& message) {
    return channel_.send(message, deadline_);
}

// Returns when it is done, where the back end tells.
Result<void> Session::tell_done(const Channel::Message& message) {
    if (!agreed(protocol::reply_ack)) return tell(message);
    auto asking = message;
    asking.need_reply = true;
    TENON_TRY_DO(channel_.send(asking, deadline_), "");
    TENON_TRY(answer, channel_.receive(message.request, deadline_), "");
    TENON_TRY(status, number_of(message.request, answer), "");
    if (status == 0) return {};
    return fail(Error::Kind::Denied, "the back end refuses request {} with status {}",
                static_cast<std::uint32_t>(message.request), status);
}

}  // namespace tenon::vmm::virtio

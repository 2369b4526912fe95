#include "model/virtio/transport.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/bytes.hpp"

namespace tenon::model::virtio {
namespace {

// The common configuration. Source: VIRTIO 1.2, 4.1.4.3.
namespace at {
constexpr std::uint64_t device_feature_select = 0;
constexpr std::uint64_t device_feature = 4;
constexpr std::uint64_t driver_feature_select = 8;
constexpr std::uint64_t driver_feature = 12;
constexpr std::uint64_t config_vector = 16;
constexpr std::uint64_t num_queues = 18;
constexpr std::uint64_t device_status = 20;
constexpr std::uint64_t config_generation = 21;
constexpr std::uint64_t queue_select = 22;
constexpr std::uint64_t queue_size = 24;
constexpr std::uint64_t queue_vector = 26;
constexpr std::uint64_t queue_enable = 28;
constexpr std::uint64_t queue_notify_off = 30;
constexpr std::uint64_t descriptors = 32;
constexpr std::uint64_t driver = 40;
constexpr std::uint64_t device = 48;
}  // namespace at

// ISR status. Source: 4.1.4.5.
constexpr std::uint8_t config_changed = 2;

bool is_width(unsigned size) { return size == 1 || size == 2 || size == 4 || size == 8; }

bool within(std::uint64_t offset, unsigned size, std::uint64_t begin, std::uint64_t length) {
    return offset >= begin && offset - begin <= length && size <= length - (offset - begin);
}

std::uint64_t load_part(std::span<const std::byte> bytes, std::uint64_t offset, unsigned size) {
    std::array<std::byte, 8> value{};
    std::ranges::copy(bytes.subspan(static_cast<std::size_t>(offset), size), value.begin());
    return load<std::uint64_t>(value, 0);
}

// 32 bits of a feature word; none past the first two.
std::uint32_t word_of(std::uint64_t features, std::uint32_t select) {
    return select < 2 ? static_cast<std::uint32_t>(features >> 32 * select) : 0;
}

// One half of a 64-bit register. Source: 4.1.3.1.
void set_half(std::uint64_t& whole, bool high, std::uint32_t value) {
    const unsigned shift = high ? 32 : 0;
    whole = (whole & ~(std::uint64_t{0xffffffff} << shift)) | std::uint64_t{value} << shift;
}

// The width of a field, by its offset; 0: there is no field that is written.
unsigned width_of(std::uint64_t offset) {
    switch (offset) {
        case at::device_feature_select:
        case at::driver_feature_select:
        case at::driver_feature:
            return 4;
        case at::config_vector:
        case at::queue_select:
        case at::queue_size:
        case at::queue_vector:
        case at::queue_enable:
            return 2;
        case at::device_status:
            return 1;
        default:
            return offset >= at::descriptors && offset % 4 == 0 ? 4 : 0;
    }
}

}  // namespace

Transport::Transport(const Backend& backend, std::uint64_t offered)
    : offered_{offered}, queue_size_{backend.queue_size}, queues_(backend.queues) {
    finish_reset();
}

void Transport::finish_reset() {
    std::ranges::fill(queues_, Queue{.size = queue_size_});
    device_feature_select_ = 0;
    driver_feature_select_ = 0;
    driver_features_ = 0;
    unknown_features_ = false;
    config_vector_ = no_vector;
    queue_select_ = 0;
    status_ = 0;
    interrupt_status_ = 0;
    started_ = false;
    resetting_ = false;
}

bool Transport::begin_reset() {
    if (!started_) {
        if (!resetting_) finish_reset();
        return false;
    }
    started_ = false;
    resetting_ = true;
    return true;
}

bool Transport::need_reset() {
    status_ |= status::needs_reset;
    return tell_of_config();
}

bool Transport::set_config(std::span<const std::byte> config) {
    const auto length = std::min(config.size(), config_.size());
    if (std::ranges::equal(config.first(length), std::span{config_}.first(length))) return false;
    std::ranges::copy(config.first(length), config_.begin());
    ++generation_;
    return tell_of_config();
}

// A driver that has not begun looks by itself.
bool Transport::tell_of_config() {
    if ((status_ & status::driver_ok) == 0) return false;
    interrupt_status_ |= config_changed;
    return true;
}

std::array<std::byte, layout::common_size> Transport::common() const {
    std::array<std::byte, layout::common_size> bytes{};
    store(bytes, at::device_feature_select, device_feature_select_);
    store(bytes, at::device_feature, word_of(offered_, device_feature_select_));
    store(bytes, at::driver_feature_select, driver_feature_select_);
    store(bytes, at::driver_feature, word_of(driver_features_, driver_feature_select_));
    store(bytes, at::config_vector, config_vector_);
    store(bytes, at::num_queues, static_cast<std::uint16_t>(queues_.size()));
    store(bytes, at::device_status, status_);
    store(bytes, at::config_generation, generation_);
    store(bytes, at::queue_select, queue_select_);
    if (queue_select_ >= queues_.size()) return bytes;
    const auto& queue = queues_[queue_select_];
    store(bytes, at::queue_size, queue.size);
    store(bytes, at::queue_vector, queue.vector);
    store(bytes, at::queue_enable, static_cast<std::uint16_t>(queue.enabled ? 1 : 0));
    store(bytes, at::queue_notify_off, queue_select_);
    store(bytes, at::descriptors, queue.descriptors);
    store(bytes, at::driver, queue.driver);
    store(bytes, at::device, queue.device);
    return bytes;
}

std::uint64_t Transport::read(std::uint64_t offset, unsigned size) {
    if (!is_width(size)) return 0;
    if (within(offset, size, layout::common, layout::common_size))
        return load_part(common(), offset - layout::common, size);
    if (within(offset, size, layout::device, layout::device_size))
        return load_part(config_, offset - layout::device, size);
    if (offset != layout::interrupt_status) return 0;
    return std::exchange(interrupt_status_, std::uint8_t{0});
}

std::optional<Effect> Transport::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (!is_width(size) || resetting_) return std::nullopt;
    if (within(offset, size, layout::common, layout::common_size))
        return write_common(offset - layout::common, size, value);
    if (within(offset, size, layout::device, layout::device_size))
        return effect::WriteConfig{.offset = static_cast<std::uint16_t>(offset - layout::device),
                                   .size = static_cast<std::uint8_t>(size),
                                   .value = value};
    if (!within(offset, size, layout::notify, queues_.size() * layout::notify_step))
        return std::nullopt;
    const auto queue = static_cast<std::uint16_t>((offset - layout::notify) / layout::notify_step);
    if (!queues_[queue].enabled) return std::nullopt;
    return effect::Kick{.queue = queue};
}

std::optional<Effect> Transport::write_common(std::uint64_t offset, unsigned size,
                                              std::uint64_t value) {
    // An address at once is its two halves, which have no effect.
    if (size == 8 && offset >= at::descriptors && offset % 8 == 0) {
        write_queue(offset, static_cast<std::uint32_t>(value));
        return write_queue(offset + 4, static_cast<std::uint32_t>(value >> 32));
    }
    if (width_of(offset) != size) return std::nullopt;
    const auto word = static_cast<std::uint32_t>(value);
    switch (offset) {
        case at::device_feature_select:
            device_feature_select_ = word;
            return std::nullopt;
        case at::driver_feature_select:
            driver_feature_select_ = word;
            return std::nullopt;
        case at::driver_feature:
            write_driver_feature(word);
            return std::nullopt;
        case at::config_vector:
            config_vector_ = checked_vector(word);
            return std::nullopt;
        case at::device_status:
            return write_status(static_cast<std::uint8_t>(word));
        case at::queue_select:
            queue_select_ = static_cast<std::uint16_t>(word);
            return std::nullopt;
        default:
            return write_queue(offset, word);
    }
}

// Features are agreed on once. Source: 3.1.1.
void Transport::write_driver_feature(std::uint32_t value) {
    if ((status_ & status::features_ok) != 0) return;
    if (driver_feature_select_ < 2)
        set_half(driver_features_, driver_feature_select_ == 1, value);
    else
        unknown_features_ = unknown_features_ || value != 0;
}

bool Transport::agreed() const {
    return !unknown_features_ && (driver_features_ & ~offered_) == 0 &&
           (driver_features_ & version_1) != 0;
}

// Bits go by a reset alone, and one of them is the device's. Source: 2.1.1, 2.2.2.
std::optional<Effect> Transport::write_status(std::uint8_t value) {
    if (value == 0) return begin_reset() ? std::optional<Effect>{effect::Stop{}} : std::nullopt;
    auto added = static_cast<std::uint8_t>(value & ~status_ & ~status::needs_reset);
    const auto drop = [&](std::uint8_t bit) { added = static_cast<std::uint8_t>(added & ~bit); };
    if ((added & status::features_ok) != 0 && !agreed()) drop(status::features_ok);
    const bool features = ((status_ | added) & status::features_ok) != 0;
    if ((added & status::driver_ok) != 0 && !features) drop(status::driver_ok);
    status_ |= added;
    if ((added & status::driver_ok) == 0) return std::nullopt;
    started_ = true;
    return effect::Start{};
}

std::uint16_t Transport::checked_vector(std::uint32_t value) const {
    return value <= queues_.size() ? static_cast<std::uint16_t>(value) : no_vector;
}

std::optional<Effect> Transport::write_queue_vector(std::uint16_t queue, std::uint32_t value) {
    queues_[queue].vector = checked_vector(value);
    if (!started_ || !queues_[queue].enabled) return std::nullopt;
    return effect::VectorChanged{.queue = queue};
}

// A queue that is enabled, or that the device may use already, stays as it is but for its vector.
std::optional<Effect> Transport::write_queue(std::uint64_t offset, std::uint32_t value) {
    if (queue_select_ >= queues_.size()) return std::nullopt;
    auto& queue = queues_[queue_select_];
    if (offset == at::queue_vector) return write_queue_vector(queue_select_, value);
    if (queue.enabled || started_) return std::nullopt;
    switch (offset) {
        case at::queue_size:
            if (value <= queue_size_ && std::has_single_bit(value))
                queue.size = static_cast<std::uint16_t>(value);
            break;
        case at::queue_enable:
            queue.enabled = value == 1;
            break;
        case at::descriptors:
        case at::descriptors + 4:
            set_half(queue.descriptors, offset != at::descriptors, value);
            break;
        case at::driver:
        case at::driver + 4:
            set_half(queue.driver, offset != at::driver, value);
            break;
        case at::device:
        case at::device + 4:
            set_half(queue.device, offset != at::device, value);
            break;
        default:
            break;
    }
    return std::nullopt;
}

}  // namespace tenon::model::virtio

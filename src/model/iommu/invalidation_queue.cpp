#include "model/iommu/invalidation_queue.hpp"

#include <array>
#include <span>

#include "base/bytes.hpp"

namespace tenon::model::iommu {

void InvalidationQueue::start() {
    const auto address = registers_.get<QueueAddress>(at::queue_address);
    base_ = GuestAddress{address.raw() & QueueBase::mask};
    size_ = 0x1000ull << address.get<QueueSize>();
    wide_ = address.get<WideDescriptors>() != 0;
    enabled_ = true;
    stands_ = false;
    registers_.set64(at::queue_head, 0);
}

void InvalidationQueue::stop() {
    enabled_ = false;
    stands_ = false;
    registers_.set64(at::queue_head, 0);
}

std::unexpected<QueueError> InvalidationQueue::stand(QueueError error) {
    stands_ = true;
    return std::unexpected{error};
}

std::expected<std::optional<Descriptor>, QueueError> InvalidationQueue::next() {
    if (!enabled_ || stands_) return std::nullopt;
    const auto head = registers_.read64(at::queue_head);
    const auto tail = registers_.read64(at::queue_tail);
    if (head == tail) return std::nullopt;
    const std::uint64_t step = wide_ ? 32 : 16;
    if (wide_ && !shape_.scalable()) return stand(QueueError::InvalidWidth);
    if (tail >= size_) return stand(QueueError::InvalidTail);
    if (tail % step != 0) return stand(QueueError::MisalignedTail);
    const auto descriptor = read(head);
    if (!descriptor) return stand(descriptor.error());
    registers_.set64(at::queue_head, (head + step) % size_);
    return *descriptor;
}

std::expected<Descriptor, QueueError> InvalidationQueue::read(std::uint64_t head) const {
    std::array<std::byte, 32> bytes{};
    const std::span used{bytes.data(), wide_ ? 32u : 16u};
    if (!memory_.read(base_.plus(head), used)) return std::unexpected{QueueError::Unreadable};
    std::array<std::uint64_t, 4> words{};
    for (std::size_t n = 0; n < words.size(); ++n)
        words[n] = load<std::uint64_t>(bytes, n * 8);
    return parse_descriptor(words, wide_, shape_);
}

}  // namespace tenon::model::iommu

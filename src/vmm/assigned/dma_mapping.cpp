#include "vmm/assigned/dma_mapping.hpp"

#include <algorithm>
#include <utility>

#include "model/machine/dma_budget.hpp"

namespace tenon::vmm::assigned {

Result<void> DmaProgress::wait() {
    const MutexLock lock{mutex_};
    while (!result_ && !cancelled_)
        changed_.wait(mutex_);
    if (result_) return *result_;
    return fail(Error::Kind::Busy, "the guest ends before its memory is mapped for DMA");
}

bool DmaProgress::mapped() const {
    const MutexLock lock{mutex_};
    return result_ && *result_;
}

void DmaProgress::cancel() {
    const MutexLock lock{mutex_};
    cancelled_ = true;
    changed_.wake();
}

bool DmaProgress::cancelled() const {
    const MutexLock lock{mutex_};
    return cancelled_;
}

void DmaProgress::finish(Result<void> result) {
    const MutexLock lock{mutex_};
    result_ = std::move(result);
    changed_.wake();
}

Result<void> DmaMapping::map() {
    auto result = map_all();
    progress_->finish(result);
    return result;
}

void DmaMapping::begin(std::function<void(const Result<void>&)> done) {
    thread_ = seal::Thread::start(seal::ThreadKind::Mapper, [this, done = std::move(done)] {
        const auto result = map();
        if (!progress_->cancelled()) done(result);
    });
}

DmaMapping::~DmaMapping() {
    progress_->cancel();
    if (thread_.joinable()) thread_.join();
}

// What was mapped before a failure stays until this goes: no device uses it.
Result<void> DmaMapping::map_all() {
    for (const auto& part : outside_.memory.parts()) {
        for (std::uint64_t offset = 0; offset < part.bytes.size();) {
            if (progress_->cancelled())
                return fail(Error::Kind::Busy,
                            "the guest ends before its memory is mapped for DMA");
            const auto size =
                std::min(model::machine::dma_mapping_size, part.bytes.size() - offset);
            const Iova at{part.at.value() + offset};
            TENON_TRY_DO(outside_.space.map(at, {part.bytes.subspan(offset, size), part.file,
                                                 part.offset + offset}),
                         "giving devices access to the guest's memory");
            mapped_.add([this, at, size] {
                outside_.warnings.check(outside_.space.unmap(at, size), "unmapping guest memory");
            });
            offset += size;
        }
    }
    return {};
}

}  // namespace tenon::vmm::assigned

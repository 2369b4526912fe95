#include "vmm/control/qmp_workers.hpp"

#include <exception>
#include <system_error>
#include <utility>

namespace tenon::vmm::control {
namespace {

// Whatever a command makes of what a client sends, the guest goes on.
Result<nlohmann::json> carry_out(QmpWork work) {
    try {
        return work();
    } catch (const std::exception& failure) {
        return fail(Error::Kind::Io, "{}", failure.what());
    }
}

}  // namespace

QmpWorkers::~QmpWorkers() {
    for (auto& [number, thread] : threads_)
        thread.join();
}

void QmpWorkers::begin(std::uint64_t client, QmpWork work) {
    const auto number = next_++;
    try {
        threads_.emplace(
            number, seal::Thread::start(seal::ThreadKind::Worker, [this, number, client,
                                                                   work = std::move(work)] mutable {
                finish(number, {.client = client, .result = carry_out(std::move(work))});
            }));
    } catch (const std::system_error& failure) {
        finish(number, {.client = client,
                        .result = fail(Error::Kind::Busy, "no thread for it: {}", failure.what())});
    }
}

void QmpWorkers::finish(std::uint64_t number, Done done) {
    {
        const MutexLock lock{mutex_};
        done_.emplace(number, std::move(done));
    }
    wake_();
}

std::vector<QmpWorkers::Done> QmpWorkers::take() {
    std::map<std::uint64_t, Done> done;
    {
        const MutexLock lock{mutex_};
        done = std::exchange(done_, {});
    }
    std::vector<Done> taken;
    for (auto& [number, one] : done) {
        if (auto thread = threads_.extract(number)) thread.mapped().join();
        taken.push_back(std::move(one));
    }
    return taken;
}

}  // namespace tenon::vmm::control

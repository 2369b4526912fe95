// What a lock guards is not read without it (base/lock_annotations.hpp).
#include "base/mutex.hpp"

namespace tenon {

class Counter {
public:
    int count() {
#if !defined(WRONG)
        const MutexLock lock{mutex_};
#endif
        return count_;
    }

private:
    Mutex mutex_;
    int count_ TENON_GUARDED_BY(mutex_) = 0;
};

int count_of(Counter& counter) { return counter.count(); }

}  // namespace tenon

// Locks of classes that do not see each other are taken in the order that both name.
#include "base/mutex.hpp"

namespace tenon {

inline LockOrder devices;

struct Slot {
    Mutex mutex TENON_ACQUIRED_BEFORE(devices);
};

struct Device {
    Mutex mutex TENON_ACQUIRED_AFTER(devices);
};

void take(Slot& slot, Device& device) {
#if defined(WRONG)
    const MutexLock first{device.mutex};
    const MutexLock second{slot.mutex};
#else
    const MutexLock first{slot.mutex};
    const MutexLock second{device.mutex};
#endif
}

}  // namespace tenon

// Which lock guards what, and in which order locks are taken, written so that a compiler checks it.
//
// clang's -Wthread-safety reads these (`tools/dev locks`); to g++ they are nothing. The analysis
// looks at one function at a time: what a function needs or must not hold stands at its
// declaration, or its caller is not checked.
//
//     class Account {
//     public:
//         void pay(int amount) TENON_EXCLUDES(mutex_);      // Takes the lock itself.
//     private:
//         void note(int amount) TENON_REQUIRES(mutex_);     // Its caller has it.
//
//         Mutex mutex_ TENON_ACQUIRED_AFTER(order::book);   // Whoever holds it takes no lock of
//         the book. int balance_ TENON_GUARDED_BY(mutex_) = 0;
//     };
//
// Source: Clang 19, "Thread Safety Analysis".
#pragma once

#if defined(__clang__)
#define TENON_LOCK_ATTRIBUTE(...) __attribute__((__VA_ARGS__))
#else
#define TENON_LOCK_ATTRIBUTE(...)
#endif

/// Of a class: its objects are locks; `kind` is what messages call them.
#define TENON_CAPABILITY(kind) TENON_LOCK_ATTRIBUTE(capability(kind))
/// Of a class: its objects hold a lock while they live.
#define TENON_SCOPED_CAPABILITY TENON_LOCK_ATTRIBUTE(scoped_lockable)

/// Of a member: read with the lock held, in either way, and written with it held alone.
#define TENON_GUARDED_BY(lock) TENON_LOCK_ATTRIBUTE(guarded_by(lock))
/// The same of what the member, a pointer of any kind, points to.
#define TENON_POINTEE_GUARDED_BY(lock) TENON_LOCK_ATTRIBUTE(pt_guarded_by(lock))

/// Of a lock: taken before, or after, those named when both are held. Of locks in classes that do
/// not see each other, both name a LockOrder.
#define TENON_ACQUIRED_BEFORE(...) TENON_LOCK_ATTRIBUTE(acquired_before(__VA_ARGS__))
#define TENON_ACQUIRED_AFTER(...) TENON_LOCK_ATTRIBUTE(acquired_after(__VA_ARGS__))

/// Of a function: its caller holds the locks, alone or with other readers, and still does
/// afterwards.
#define TENON_REQUIRES(...) TENON_LOCK_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define TENON_REQUIRES_SHARED(...) TENON_LOCK_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
/// Of a function: its caller holds none of the locks, as when it takes one itself or waits for who
/// does.
#define TENON_EXCLUDES(...) TENON_LOCK_ATTRIBUTE(locks_excluded(__VA_ARGS__))

/// Of a function: it takes the locks and returns with them; without a name, its own object.
#define TENON_ACQUIRE(...) TENON_LOCK_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define TENON_ACQUIRE_SHARED(...) TENON_LOCK_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
/// The same if it returns the first argument, as `true`.
#define TENON_TRY_ACQUIRE(...) TENON_LOCK_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
/// Of a function: its caller holds the locks, and does no more when it returns.
#define TENON_RELEASE(...) TENON_LOCK_ATTRIBUTE(release_capability(__VA_ARGS__))
#define TENON_RELEASE_SHARED(...) TENON_LOCK_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
/// The same however it was taken: of the end of a scope.
#define TENON_RELEASE_ANY(...) TENON_LOCK_ATTRIBUTE(release_generic_capability(__VA_ARGS__))

/// Of a function: it returns the lock that is named, which is then known by both names.
#define TENON_RETURNS_CAPABILITY(lock) TENON_LOCK_ATTRIBUTE(lock_returned(lock))
/// Of a function: from its return on the lock counts as held. Of callbacks whose caller is known to
/// hold it.
#define TENON_ASSUMES(...) TENON_LOCK_ATTRIBUTE(assert_capability(__VA_ARGS__))
/// Of a function that the analysis cannot follow; a comment beside it says why it is right.
#define TENON_NO_LOCK_ANALYSIS TENON_LOCK_ATTRIBUTE(no_thread_safety_analysis)

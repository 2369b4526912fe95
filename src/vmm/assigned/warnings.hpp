// What went wrong while the guest runs and does not end it: one line on standard error, once.
//
// A guest can repeat almost anything; what it repeats is said once and then kept quiet.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "base/result.hpp"

namespace tenon::vmm {

/// Says each thing once. Thread-safe.
class Warnings {
public:
    /// Prints "tenon: warning: TEXT" unless the same text was printed before. After a thousand
    /// different ones it stays quiet.
    void once(const std::string& text);

    /// The same for a failure; nothing for a success.
    void check(const Result<void>& result, std::string_view step);

private:
    std::mutex mutex_;
    std::set<std::string> said_;
};

}  // namespace tenon::vmm

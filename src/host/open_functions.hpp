// Which functions an opener has given out. The kernel's group interface would open one twice, and
// closing either would reset the other.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "base/result.hpp"
#include "pci/address.hpp"

namespace tenon::host {

/// The functions that are open now, by the life of their tokens.
class OpenFunctions {
public:
    /// A token for the function, to be kept as long as it is open, which keeps `what` alive too.
    /// Errors: Busy if it is open already.
    template <typename T>
    Result<std::shared_ptr<const void>> take(const pci::Address& address, std::shared_ptr<T> what) {
        auto& taken = taken_[address];
        if (!taken.expired())
            return fail(Error::Kind::Busy, "{} is open already", to_string(address));
        std::shared_ptr<const void> token =
            std::make_shared<const std::shared_ptr<T>>(std::move(what));
        taken = token;
        return token;
    }

private:
    std::map<pci::Address, std::weak_ptr<const void>> taken_;
};

}  // namespace tenon::host

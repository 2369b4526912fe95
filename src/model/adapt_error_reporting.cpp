#include "model/adapters.hpp"

namespace tenon::model {

Adapted adapt_error_reporting(const AdaptContext& context, const pci::Capability& capability) {
    context.view.error_reporting_at = capability.at;
    return {Action::Pass,
            "the device's own registers; the guest reads, masks and clears its errors, and finds "
            "one here when the host is told of one"};
}

}  // namespace tenon::model

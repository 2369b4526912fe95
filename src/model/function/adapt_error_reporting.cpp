#include "model/function/adapters.hpp"

namespace tenon::model::function {

Adapted adapt_error_reporting(const AdaptContext& context, const pci::Capability& capability) {
    context.view.error_reporting_at = capability.at;
    return {chosen::Action::Pass,
            "the device's own registers; the guest reads, masks and clears its errors, and finds "
            "one here when the host is told of one"};
}

}  // namespace tenon::model::function

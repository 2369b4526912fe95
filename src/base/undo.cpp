#include "base/undo.hpp"

#include <utility>

namespace tenon {

void Undo::run() {
    auto actions = std::exchange(actions_, {});
    while (!actions.empty()) {
        actions.back()();
        actions.pop_back();
    }
}

}  // namespace tenon

#include "model/chosen/decision.hpp"

namespace tenon::model::chosen {

std::string_view name_of(Action action) {
    switch (action) {
        case Action::Pass:
            return "pass";
        case Action::Emulate:
            return "emulate";
        case Action::Hide:
            return "hide";
        case Action::Synthesize:
            return "synthesize";
    }
    return "";
}

}  // namespace tenon::model::chosen

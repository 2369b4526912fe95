#include "model/chosen/property.hpp"

namespace tenon::model::chosen {

std::string_view name_of(PropertyOrigin origin) {
    switch (origin) {
        case PropertyOrigin::Version:
            return "version";
        case PropertyOrigin::Compatibility:
            return "compatibility";
        case PropertyOrigin::User:
            return "user";
    }
    return "";
}

}  // namespace tenon::model::chosen

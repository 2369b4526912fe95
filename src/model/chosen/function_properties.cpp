#include "model/chosen/function_properties.hpp"

#include "model/chosen/machine_version.hpp"

namespace tenon::model::chosen {

std::string_view name_of(AtsMode mode) {
    switch (mode) {
        case AtsMode::Auto:
            return "auto";
        case AtsMode::On:
            return "on";
        case AtsMode::Off:
            return "off";
    }
    return "";
}

std::string_view name_of(PasidMode mode) {
    switch (mode) {
        case PasidMode::Auto:
            return "auto";
        case PasidMode::On:
            return "on";
        case PasidMode::Off:
            return "off";
    }
    return "";
}

FunctionProperties choose_properties(const MachineVersion& version, const FunctionKeys& keys) {
    const auto origin = origin_of(version);
    return {.version = version.name,
            .ats = choose(keys.ats, version.defaults.ats.value, origin),
            .ats_strict = keys.ats_strict,
            .intx = choose(keys.intx, version.defaults.intx.value, origin),
            .msix_relocation =
                choose(keys.msix_relocation, version.defaults.msix_relocation.value, origin),
            .pasid = choose(keys.pasid, version.defaults.pasid.value, origin),
            .pasid_offset = choose(keys.pasid_offset, version.defaults.pasid_offset.value, origin),
            .reset = choose(keys.reset, version.defaults.reset.value, origin),
            .on_error = choose(keys.on_error, version.defaults.on_error.value, origin),
            .pasid_overlay = keys.pasid_overlay};
}

}  // namespace tenon::model::chosen

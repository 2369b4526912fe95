#include "model/chosen/choices.hpp"

#include <fmt/core.h>

#include "device/atomic_widths.hpp"
#include "model/chosen/viommu.hpp"

namespace tenon::model::chosen {

std::string_view name_of(ErrorAction action) {
    switch (action) {
        case ErrorAction::Report:
            return "report";
        case ErrorAction::Stop:
            return "stop";
        case ErrorAction::Detach:
            return "detach";
    }
    return "";
}

std::string name_of(const MsixRelocation& relocation) {
    switch (relocation.mode) {
        case MsixRelocation::Mode::Off:
            return "off";
        case MsixRelocation::Mode::Auto:
            return "auto";
        case MsixRelocation::Mode::Bar:
            return fmt::format("bar{}", relocation.bar);
    }
    return "";
}

std::string_view name_of(ViommuMode mode) {
    switch (mode) {
        case ViommuMode::Auto:
            return "auto";
        case ViommuMode::Legacy:
            return "legacy";
        case ViommuMode::Scalable:
            return "scalable";
        case ViommuMode::Nested:
            return "nested";
    }
    return "";
}

std::string_view name_of(IntxChoice choice) {
    switch (choice) {
        case IntxChoice::Automatic:
            return "auto";
        case IntxChoice::Trapped:
            return "trapped";
        case IntxChoice::Off:
            return "off";
    }
    return "";
}

std::string_view name_of(ResetChoice choice) {
    switch (choice) {
        case ResetChoice::Auto:
            return "auto";
        case ResetChoice::Function:
            return "function";
        case ResetChoice::Bus:
            return "bus";
        case ResetChoice::None:
            return "none";
    }
    return "";
}

std::string key_of(const AtomicsRule& rule) {
    switch (rule.mode) {
        case AtomicsMode::Auto:
            return "auto";
        case AtomicsMode::AllFunctions:
            return "all-functions";
        case AtomicsMode::LoneFunction:
            return "lone-function";
        case AtomicsMode::Off:
            return "off";
        case AtomicsMode::Fixed:
            return device::key_of_widths(rule.widths);
    }
    return "";
}

}  // namespace tenon::model::chosen

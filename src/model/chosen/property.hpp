// A property of what a guest sees: its value, and where that came from.
//
// How strict Tenon is follows the origin. What the user asked for and cannot have fails the start.
// What a version asked for and cannot have is kept, or given up, with one warning: a guest that
// started yesterday starts today, whatever the host's kernel has learned to report meanwhile.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tenon::model::chosen {

/// Who chose a value.
enum class PropertyOrigin {
    Version,        ///< Default of the current machine version.
    Compatibility,  ///< Default of another version, chosen with --machine.
    User,           ///< A key or an option.
};

/// "version", "compatibility", "user".
std::string_view name_of(PropertyOrigin origin);

/// A value and who chose it.
template <typename T>
struct Property {
    T value{};
    PropertyOrigin origin = PropertyOrigin::Version;

    bool operator==(const Property&) const = default;
};

/// The user's value if there is one, else the version's, which has this origin.
template <typename T>
Property<T> choose(const std::optional<T>& user, const T& by_version, PropertyOrigin version) {
    if (user) return {.value = *user, .origin = PropertyOrigin::User};
    return {.value = by_version, .origin = version};
}

/// What came of a property: what `plan` prints of it, of a function, a port or the machine.
struct PropertyReport {
    std::string name;   ///< As its key is written: "ats".
    std::string value;  ///< As its key would be given: "auto".
    PropertyOrigin origin = PropertyOrigin::Version;
    std::string version;  ///< The machine version whose default counts where no user said more.
    std::string host;     ///< What is known of the host: "supported", "unknown: …". May be empty.
    std::string effect;   ///< What the guest gets, and why, in words for a person.
    std::string change;   ///< What would change that. Empty: nothing would.

    bool operator==(const PropertyReport&) const = default;
};

}  // namespace tenon::model::chosen

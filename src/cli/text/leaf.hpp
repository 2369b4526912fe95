// A JSON value as the list of all that is in it, by names. What a plan has is found in its JSON, so
// that a new field is compared without a line here.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::cli::text {

/// A value, or an object or list, which comes before what is in it.
struct Leaf {
    std::string where;  ///< "msix.vectors", "capabilities[MSI-X 0x11].size", "warnings: …".
    std::string value;  ///< For a person; of a container, some of what is in it.
    bool container = false;
    bool known = true;      ///< Else the plan says that nobody knows it.
    bool sentence = false;  ///< In words for a person.
    std::size_t needs = 0;  ///< Bytes of configuration space that have to be read to know it.
};

/// Plans have some hundred. No more than this are made of one value, whatever is in it.
inline constexpr std::size_t most_leaves = 100'000;

/// What a sentence of a list has as its value.
inline constexpr std::string_view said = "said";

/// A name of the device's own, and what stands for it in texts: no two devices share it.
struct OwnName {
    std::string name;
    std::string_view stand_in;
};

/// Whether `where` is in what `above` names.
bool is_within(std::string_view where, std::string_view above);

/// Puts what `value` has, itself first, behind `leaves`, each below the name `where`. In texts
/// `names` are replaced, in their order. A member of `value` whose key is in `without` is left out.
/// Names are cut, and what is nested deeply is one value, so that the work stays in proportion to
/// `value`.
void add_leaves(std::vector<Leaf>& leaves, const nlohmann::json& value, const std::string& where,
                const std::vector<OwnName>& names,
                const std::vector<std::string_view>& without = {});

}  // namespace tenon::cli::text

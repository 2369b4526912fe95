#include "capture/listing/listing.hpp"

#include <algorithm>

#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {

Said* Listing::function(const pci::Address& address, std::size_t line) {
    const auto found = functions_.find(address);
    if (found != functions_.end()) return &found->second;
    if (functions_.size() == most_functions) {
        full_ = true;
        return nullptr;
    }
    auto& said = functions_[address];
    said.address = address;
    said.line = line;
    return &said;
}

void Listing::add(Symptom symptom) {
    const bool known = std::ranges::any_of(symptoms_, [&](const Symptom& one) {
        return one.kind == symptom.kind && one.address == symptom.address;
    });
    if (!known && symptoms_.size() < most_symptoms) symptoms_.push_back(symptom);
}

const Said* Listing::find(const pci::Address& address) const {
    const auto found = functions_.find(address);
    return found == functions_.end() ? nullptr : &found->second;
}

}  // namespace tenon::capture::listing

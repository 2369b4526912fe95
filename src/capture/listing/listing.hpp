// All that the words of one input say of the functions of a host.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "capture/listing/kernel_line.hpp"
#include "capture/listing/said.hpp"
#include "pci/address.hpp"

namespace tenon::capture::listing {

class Listing {
public:
    /// What is said of a function, first in line `line`; null: there are most_functions of others.
    Said* function(const pci::Address& address, std::size_t line);

    /// Keeps a symptom, if there are not most_symptoms.
    void add(Symptom symptom);

    const std::map<pci::Address, Said>& functions() const { return functions_; }
    const std::vector<Symptom>& symptoms() const { return symptoms_; }
    const Said* find(const pci::Address& address) const;

    /// Whether more was said than is kept.
    bool is_full() const { return full_; }

    /// A line says that an IOMMU is in use.
    bool iommu = false;

private:
    std::map<pci::Address, Said> functions_;
    std::vector<Symptom> symptoms_;
    bool full_ = false;
};

}  // namespace tenon::capture::listing

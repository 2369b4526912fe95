// Size rules of capabilities whose size depends on their content. Each gives bytes from the header.
// Sources stand beside the rows of capability_table.cpp.
#pragma once

#include <cstddef>

#include "pci/config_image.hpp"

namespace tenon::pci::sizes {

/// The same size whatever the content.
template <std::size_t Bytes>
std::size_t fixed(const ConfigImage& /*image*/, std::size_t /*at*/) {
    return Bytes;
}

std::size_t msi(const ConfigImage& image, std::size_t at);
std::size_t pci_x(const ConfigImage& image, std::size_t at);
std::size_t hypertransport(const ConfigImage& image, std::size_t at);
std::size_t vendor_specific(const ConfigImage& image, std::size_t at);
std::size_t express(const ConfigImage& image, std::size_t at);
std::size_t sata(const ConfigImage& image, std::size_t at);
std::size_t enhanced_allocation(const ConfigImage& image, std::size_t at);

std::size_t advanced_error_reporting(const ConfigImage& image, std::size_t at);
std::size_t virtual_channel(const ConfigImage& image, std::size_t at);
std::size_t root_complex_links(const ConfigImage& image, std::size_t at);
std::size_t event_collector_association(const ConfigImage& image, std::size_t at);
std::size_t extended_vendor_specific(const ConfigImage& image, std::size_t at);
std::size_t access_control(const ConfigImage& image, std::size_t at);
std::size_t multicast(const ConfigImage& image, std::size_t at);
std::size_t resizable_bar(const ConfigImage& image, std::size_t at);
std::size_t dynamic_power(const ConfigImage& image, std::size_t at);
std::size_t tph_requester(const ConfigImage& image, std::size_t at);
std::size_t secondary_express(const ConfigImage& image, std::size_t at);
std::size_t protocol_multiplexing(const ConfigImage& image, std::size_t at);
std::size_t downstream_containment(const ConfigImage& image, std::size_t at);
std::size_t l1_substates(const ConfigImage& image, std::size_t at);
std::size_t lanes_1_byte(const ConfigImage& image, std::size_t at);
std::size_t lane_margining(const ConfigImage& image, std::size_t at);
std::size_t alternate_protocol(const ConfigImage& image, std::size_t at);
std::size_t integrity_encryption(const ConfigImage& image, std::size_t at);
std::size_t register_locator(const ConfigImage& image, std::size_t at);

}  // namespace tenon::pci::sizes

#include "pci/capability.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bitset>

#include "pci/extent.hpp"
#include "pci/header.hpp"

namespace tenon::pci {
namespace {

// The register that holds the first pointer of the standard list.
std::size_t list_head(const ConfigImage& image) {
    const HeaderType type{image.read8(header::header_type)};
    return type.get<HeaderLayout>() == layout_cardbus ? header::cardbus_capabilities_pointer
                                                      : header::capabilities_pointer;
}

class Walk {
public:
    explicit Walk(const ConfigImage& image) : image_{image} {}

    Capabilities run() {
        if (image_.read32(header::vendor_id) == 0xffffffff && image_.read32(0x08) == 0xffffffff) {
            find("every register reads as ones: the device is dead, powered off or not there");
            return std::move(found_);
        }
        standard();
        extended();
        set_extents(image_, found_);
        return std::move(found_);
    }

private:
    template <typename... Args>
    void find(fmt::format_string<Args...> format, Args&&... args) {
        found_.findings.push_back(fmt::format(format, std::forward<Args>(args)...));
    }

    // Whether the chain may go to `at`; says why not. Each dword is visited once, so it ends.
    bool may_visit(std::size_t at, const char* list) {
        if (visited_[at / 4]) {
            find("{} capability list returns to {:#04x}: the chain loops", list, at);
            return false;
        }
        if (at + 4 > image_.known()) {
            find("{} capability list goes to {:#04x}, but only {} bytes were read", list, at,
                 image_.known());
            return false;
        }
        visited_.set(at / 4);
        return true;
    }

    void standard() {
        const auto head = image_.read8(list_head(image_));
        if (Status{image_.read16(header::status)}.get<CapabilitiesList>() == 0) {
            if (head != 0)
                find("Status says that there is no capability list, yet the pointer is {:#04x}",
                     head);
            return;
        }
        if (image_.known() <= header_size) return;
        std::size_t pointer = head;
        while (pointer != 0) {
            const std::size_t at = pointer & ~std::size_t{3};
            if (at != pointer)
                find("capability pointer {:#04x} is not a multiple of 4; read as {:#04x}", pointer,
                     at);
            if (at == 0) return;
            if (at < first_capability)
                return find("capability pointer {:#04x} is in the header", at);
            if (!may_visit(at, "standard")) return;
            const auto id = image_.read8(at);
            if (id == 0xff)
                return find("capability at {:#04x} reads as ones: the chain is broken", at);
            found_.standard.push_back(
                {.list = CapabilityList::Standard, .id = id, .at = static_cast<std::uint16_t>(at)});
            pointer = image_.read8(at + 1);
        }
    }

    void extended() {
        if (image_.known() <= conventional_size) return;
        const bool express = found_.find(CapabilityList::Standard, capability_id::pci_express) ||
                             found_.find(CapabilityList::Standard, capability_id::pci_x);
        if (!express) {
            if (image_.read32(first_extended) != 0 && image_.read32(first_extended) != 0xffffffff)
                find("bytes at 0x100 are no capability list: there is no PCI Express capability");
            return;
        }
        std::size_t pointer = first_extended;
        while (pointer != 0) {
            const std::size_t at = pointer & ~std::size_t{3};
            if (at != pointer)
                find("extended capability pointer {:#05x} is not a multiple of 4; read as {:#05x}",
                     pointer, at);
            if (at < first_extended)
                return find("extended capability pointer {:#05x} is below 0x100", at);
            const auto word = image_.read32(at);
            if (word == 0 && at == first_extended) return;
            if (!may_visit(at, "extended")) return;
            if (word == 0) return find("extended capability at {:#05x} has a zero header", at);
            if (word == 0xffffffff)
                return find("extended capability at {:#05x} reads as ones: the chain is broken",
                            at);
            found_.extended.push_back({.list = CapabilityList::Extended,
                                       .id = static_cast<std::uint16_t>(word & 0xffff),
                                       .version = static_cast<std::uint8_t>(word >> 16 & 0xf),
                                       .at = static_cast<std::uint16_t>(at)});
            pointer = word >> 20;
        }
    }

    const ConfigImage& image_;
    std::bitset<express_size / 4> visited_;
    Capabilities found_;
};

}  // namespace

std::optional<Capability> Capabilities::find(CapabilityList list, std::uint16_t id) const {
    const auto& entries = list == CapabilityList::Standard ? standard : extended;
    const auto entry = std::ranges::find(entries, id, &Capability::id);
    if (entry == entries.end()) return std::nullopt;
    return *entry;
}

Capabilities list_capabilities(const ConfigImage& image) { return Walk{image}.run(); }

}  // namespace tenon::pci

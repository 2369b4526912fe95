#include "model/interrupt_state.hpp"

#include <algorithm>

namespace tenon::model {
namespace {

constexpr std::uint32_t entry_size = 16;

// Where message writes become interrupts. Source: Intel SDM volume 3A, 11.11.1.
bool is_interrupt(const Message& message) {
    return message.address >= 0xfee00000 && message.address < 0xfef00000;
}

}  // namespace

InterruptState::InterruptState(const FunctionView& view, bool msix_noresize)
    : msix_{view.msix}, msi_{view.msi}, noresize_{msix_noresize} {
    if (msix_) table_.resize(msix_->vectors);
    outside_.resize(capacity());
}

std::uint32_t InterruptState::capacity() const {
    const std::uint32_t msix = msix_ ? msix_->vectors : 0;
    const std::uint32_t msi = msi_ ? msi_->vectors : 0;
    return std::max(msix, msi);
}

bool InterruptState::may_pend(std::uint32_t vector) const {
    return vector < outside_.size() && outside_[vector].connected && !outside_[vector].attached;
}

std::vector<InterruptAction> InterruptState::config_changed(const pci::ConfigImage& config) {
    // MSI-X wins where a guest switches both on, which the specification leaves undefined.
    const bool msix = msix_ && (config.read16(msix_->at + 2u) & 0x8000) != 0;
    const bool msi = msi_ && (config.read16(msi_->at + 2u) & 0x0001) != 0;
    const auto wanted = msix ? Mode::Msix : msi ? Mode::Msi : Mode::None;

    Actions actions;
    if (wanted != mode_) leave(actions);
    if (msix) function_mask_ = (config.read16(msix_->at + 2u) & 0x4000) != 0;
    if (wanted == Mode::Msi) {
        enter_msi(config, actions);
    } else if (wanted == Mode::Msix && mode_ != Mode::Msix) {
        mode_ = Mode::Msix;
        actions.emplace_back(action::EnableEmpty{device::IrqIndex::Msix});
    }
    settle(actions);
    return actions;
}

std::vector<InterruptAction> InterruptState::reset() {
    Actions actions;
    leave(actions);
    std::ranges::fill(table_, Entry{});
    function_mask_ = false;
    return actions;
}

void InterruptState::leave(Actions& actions) {
    if (mode_ != Mode::None)
        actions.emplace_back(action::DisableAll{mode_ == Mode::Msix ? device::IrqIndex::Msix
                                                                    : device::IrqIndex::Msi});
    mode_ = Mode::None;
    allocated_ = 0;
    messages_.clear();
    std::ranges::fill(outside_, Outside{});
}

// MSI has one address and one data word; vector n sends data + n.
// Source: PCIe Base Spec 6.0, 7.7.1 and 6.1.4.
void InterruptState::read_msi(const pci::ConfigImage& config) {
    const std::size_t at = msi_->at;
    const std::size_t data_at = at + (msi_->wide ? 12 : 8);
    const auto granted = 1u << std::min(config.read16(at + 2) >> 4 & 7, 5);
    const std::uint64_t upper = msi_->wide ? config.read32(at + 8) : 0;
    const auto data = config.read16(data_at);
    const std::uint32_t mask = msi_->maskable ? config.read32(data_at + 4) : 0;
    messages_.resize(std::min<std::size_t>(granted, msi_->vectors));
    for (std::uint32_t n = 0; n < messages_.size(); ++n) {
        const auto low_bits = static_cast<std::uint32_t>(messages_.size() - 1);
        messages_[n] = {.message = {.address = upper << 32 | config.read32(at + 4),
                                    .data = (data & ~low_bits) | n},
                        .masked = (mask >> n & 1) != 0};
    }
}

void InterruptState::enter_msi(const pci::ConfigImage& config, Actions& actions) {
    const auto before = messages_.size();
    read_msi(config);
    if (mode_ == Mode::Msi && messages_.size() == before) return;
    if (mode_ == Mode::Msi) {
        // The guest changed the number of vectors while MSI is on: start again with the new one.
        leave(actions);
        read_msi(config);
    }
    mode_ = Mode::Msi;
    action::EnableVectors enable{.index = device::IrqIndex::Msi,
                                 .count = static_cast<std::uint32_t>(messages_.size()),
                                 .connected = {}};
    for (std::uint32_t n = 0; n < enable.count; ++n) {
        enable.connected.push_back(n);
        outside_[n].connected = true;
    }
    actions.emplace_back(std::move(enable));
}

// Vectors that may deliver now. A message that is no interrupt keeps its vector closed.
std::vector<std::uint32_t> InterruptState::open_vectors(Actions& actions) {
    std::vector<std::uint32_t> open;
    if (mode_ == Mode::None || (mode_ == Mode::Msix && function_mask_)) return open;
    const auto& entries = mode_ == Mode::Msix ? table_ : messages_;
    for (std::uint32_t n = 0; n < entries.size(); ++n) {
        if (entries[n].masked) continue;
        if (is_interrupt(entries[n].message)) {
            open.push_back(n);
        } else if (!outside_[n].reported) {
            outside_[n].reported = true;
            actions.emplace_back(action::Report{.vector = n, .message = entries[n].message});
        }
    }
    return open;
}

void InterruptState::grow(std::uint32_t count, const std::vector<std::uint32_t>& open,
                          Actions& actions) {
    // Doubling keeps the bring-up of n vectors linear in n.
    allocated_ = std::min(std::max(count, allocated_ * 2), std::uint32_t{msix_->vectors});
    action::EnableVectors enable{
        .index = device::IrqIndex::Msix, .count = allocated_, .connected = {}};
    std::vector<std::uint32_t> earlier;
    for (std::uint32_t n = 0; n < outside_.size(); ++n) {
        const bool used = std::ranges::binary_search(open, n);
        if (outside_[n].connected && used) earlier.push_back(n);
        outside_[n].connected = outside_[n].connected || used;
        if (outside_[n].connected) enable.connected.push_back(n);
    }
    actions.emplace_back(std::move(enable));
    // What came while the index was off is lost; one interrupt too many is harmless.
    for (const auto n : earlier)
        actions.emplace_back(action::Fire{n});
}

void InterruptState::connect(const std::vector<std::uint32_t>& open, Actions& actions) {
    if (open.empty() || mode_ != Mode::Msix) return;
    if (noresize_ && open.back() >= allocated_) return grow(open.back() + 1, open, actions);
    for (const auto n : open) {
        if (outside_[n].connected) continue;
        outside_[n].connected = true;
        actions.emplace_back(action::ConnectVector{.index = device::IrqIndex::Msix, .vector = n});
    }
}

void InterruptState::route(const std::vector<std::uint32_t>& open, Actions& actions) {
    const auto& entries = mode_ == Mode::Msix ? table_ : messages_;
    bool changed = false;
    for (const auto n : open) {
        if (outside_[n].routed == entries[n].message) continue;
        outside_[n].routed = entries[n].message;
        actions.emplace_back(action::SetRoute{.vector = n, .message = entries[n].message});
        changed = true;
    }
    if (changed) actions.emplace_back(action::CommitRoutes{});
}

// Brings the world outside to what the guest's registers say: close, route, open, connect.
void InterruptState::settle(Actions& actions) {
    const auto open = open_vectors(actions);
    for (std::uint32_t n = 0; n < outside_.size(); ++n) {
        if (!outside_[n].attached || std::ranges::binary_search(open, n)) continue;
        outside_[n].attached = false;
        actions.emplace_back(action::Detach{n});
    }
    route(open, actions);
    for (const auto n : open) {
        if (outside_[n].attached) continue;
        outside_[n].attached = true;
        actions.emplace_back(action::Attach{n});
    }
    connect(open, actions);
}

std::vector<InterruptAction> InterruptState::write_table(std::uint32_t offset, std::uint8_t size,
                                                         std::uint64_t value) {
    const auto vector = offset / entry_size;
    if (vector >= table_.size() || (size != 4 && size != 8) || offset % size != 0) return {};
    auto& entry = table_[vector];
    const auto low = static_cast<std::uint32_t>(value);
    const auto write_dword = [&](std::uint32_t dword, std::uint32_t word) {
        auto& message = entry.message;
        switch (dword) {
            case 0:  // Bits 1:0 are reserved in a dword address.
                message.address = (message.address & ~0xffffffffull) | (word & ~3u);
                return;
            case 1:
                message.address = (message.address & 0xffffffffull) | std::uint64_t{word} << 32;
                return;
            case 2:
                message.data = word;
                return;
            default:
                entry.masked = (word & 1) != 0;
        }
    };
    const auto first = offset % entry_size / 4;
    write_dword(first, low);
    if (size == 8) write_dword(first + 1, static_cast<std::uint32_t>(value >> 32));
    outside_[vector].reported = false;

    Actions actions;
    if (mode_ == Mode::Msix) settle(actions);
    return actions;
}

std::uint64_t InterruptState::read_table(std::uint32_t offset, std::uint8_t size) const {
    const auto vector = offset / entry_size;
    const std::uint64_t ones = size >= 8 ? ~0ull : (1ull << 8 * size) - 1;
    if (vector >= table_.size() || offset % entry_size + size > entry_size) return ones;
    const auto& entry = table_[vector];
    const std::uint64_t low = entry.message.address;
    const std::uint64_t high = entry.message.data | (entry.masked ? std::uint64_t{1} << 32 : 0);
    const auto at = offset % entry_size;
    // Any bytes of the entry: the two halves side by side, shifted to where the read begins.
    std::uint64_t bits = 0;
    for (unsigned byte = 0; byte < size; ++byte) {
        const auto position = at + byte;
        const auto half = position < 8 ? low : high;
        bits |= (half >> 8 * (position % 8) & 0xff) << 8 * byte;
    }
    return bits & ones;
}

}  // namespace tenon::model

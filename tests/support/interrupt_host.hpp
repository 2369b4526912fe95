// A host and a KVM for model::InterruptState: carries its actions out as VFIO and KVM would, breaks
// the test where they would refuse what no host may be asked, and refuses what it is told to.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/running/interrupt_state.hpp"

namespace tenon::support {

/// Everything behind the state machine, the device included.
class InterruptHost {
public:
    /// What reached the guest by one step.
    struct Delivery {
        std::uint32_t vector;
        model::running::Message message;
    };

    InterruptHost(std::uint32_t vectors, bool noresize) : noresize_{noresize}, vectors_(vectors) {}

    /// The `n`-th action from now on, counted from 1, is refused, offering `offered` vectors.
    void refuse(unsigned n, std::optional<std::uint32_t> offered = std::nullopt) {
        refuse_in_ = n;
        offered_ = offered;
    }

    /// How often the index was off while the guest had it on: what the device raised is lost.
    unsigned windows = 0;

    /// Carries out actions, and the answers to refusals, to the end.
    void execute(model::running::InterruptState& state, model::running::InterruptActions actions) {
        unsigned rounds = 0;
        while (!actions.empty()) {
            if (++rounds > 4 * vectors_.size() + 64) return broken("the exchange does not end");
            model::running::InterruptActions answers;
            for (const auto& action : actions) {
                if (const bool asks = asks_host(action);
                    asks && refuse_in_ != 0 && --refuse_in_ == 0) {
                    ++refusals;
                    refused(action);
                    const auto answer = state.refused(action, offered_);
                    answers.insert(answers.end(), answer.begin(), answer.end());
                } else if (std::visit([this](const auto& one) { return run(one); }, action)) {
                    const auto answer = state.refused(action, std::nullopt);
                    answers.insert(answers.end(), answer.begin(), answer.end());
                }
            }
            actions = std::move(answers);
        }
        refuse_in_ = 0;
        for (std::uint32_t n = 0; n < vectors_.size(); ++n)
            if (vectors_[n].path == Path::Kvm && !vectors_[n].committed)
                broken("a vector is with KVM and has no route");
    }

    /// The device raises a vector.
    void raise(std::uint32_t vector) {
        if (!index_) return;
        auto& line = vectors_[vector];
        if (line.connected)
            signal(vector);
        else if (*index_ == device::IrqIndex::Msix)
            line.in_device = true;
    }

    bool pending(const model::running::InterruptState& state, std::uint32_t vector) const {
        switch (state.pending_at(vector)) {
            case model::running::PendingAt::Device:
                return vectors_[vector].in_device;
            case model::running::PendingAt::Event:
                return vectors_[vector].signalled;
            case model::running::PendingAt::Nowhere:
                break;
        }
        return false;
    }

    std::optional<device::IrqIndex> index() const { return index_; }
    bool intx_enabled() const { return intx_enabled_; }
    bool intx_attached() const { return intx_attached_; }
    std::uint32_t taken() const {  ///< Vectors that the host spends.
        std::uint32_t connected = 0;
        for (const auto& line : vectors_)
            connected += line.connected ? 1 : 0;
        return noresize_ ? allocated_ : connected;
    }
    /// Whether it was said that the vector does not work.
    bool silent(std::uint32_t vector) const { return vectors_[vector].silent || not_enabled_; }

    /// Whether the device may have forgotten its pending bit.
    bool forgotten(std::uint32_t vector) const { return vectors_[vector].forgotten; }
    bool intx_silent() const { return intx_silent_; }

    // What happened since the caller last cleared it. Not part of the state.
    std::vector<Delivery> delivered;
    std::vector<std::uint32_t> fired;
    unsigned vfio_calls = 0;
    unsigned kvm_calls = 0;
    unsigned commits = 0;
    unsigned refusals = 0;
    std::vector<model::running::action::Report> reports;
    std::string fault;  ///< What no host may be asked, if it was.

    /// The state alone.
    std::strong_ordering operator<=>(const InterruptHost& other) const {
        if (const auto order = index_ <=> other.index_; order != 0) return order;
        if (const auto order = not_enabled_ <=> other.not_enabled_; order != 0) return order;
        if (const auto order = allocated_ <=> other.allocated_; order != 0) return order;
        if (const auto order = intx_enabled_ <=> other.intx_enabled_; order != 0) return order;
        if (const auto order = intx_silent_ <=> other.intx_silent_; order != 0) return order;
        if (const auto order = intx_attached_ <=> other.intx_attached_; order != 0) return order;
        return vectors_ <=> other.vectors_;
    }
    bool operator==(const InterruptHost& other) const { return (*this <=> other) == 0; }

private:
    enum class Path { None, Kvm, Relay };
    struct Line {
        bool connected = false;
        bool signalled = false;  ///< In the event.
        bool in_device = false;  ///< The device's own pending bit.
        bool forgotten = false;  ///< That bit was lost when the index went off.
        bool silent = false;
        Path path = Path::None;
        std::optional<model::running::Message> staged;
        std::optional<model::running::Message> committed;
        model::running::Message relayed;

        auto operator<=>(const Line&) const = default;
    };

    void broken(std::string what) {
        if (fault.empty()) fault = std::move(what);
    }

    template <typename Action>
    static constexpr bool is(const model::running::InterruptAction& action) {
        return std::holds_alternative<Action>(action);
    }
    bool asks_host(const model::running::InterruptAction& action) const {
        using namespace model::running::action;
        // A vector that has a place in the table keeps it.
        if (const auto* const route = std::get_if<SetRoute>(&action))
            return !vectors_[route->vector].staged;
        return !is<Report>(action) && !is<Fire>(action) && !is<DropRoute>(action) &&
               !is<Detach>(action) && !is<DetachIntx>(action) && !is<DisableIntx>(action) &&
               !is<DisableAll>(action);
    }

    // What a refusal leaves behind: EnableVectors has switched the index off before.
    void refused(const model::running::InterruptAction& action) {
        ++vfio_calls;
        if (is<model::running::action::EnableVectors>(action)) switch_off();
    }

    void signal(std::uint32_t vector) {
        auto& line = vectors_[vector];
        if (line.path == Path::Kvm && line.committed)
            delivered.push_back({vector, *line.committed});
        else if (line.path == Path::Relay)
            delivered.push_back({vector, line.relayed});
        else if (line.path == Path::None)
            line.signalled = true;
    }
    void open(std::uint32_t vector, Path path) {
        auto& line = vectors_[vector];
        line.path = path;
        if (std::exchange(line.signalled, false)) signal(vector);
    }
    void connect(std::uint32_t vector) {
        vectors_[vector].connected = true;
        if (std::exchange(vectors_[vector].in_device, false)) signal(vector);
    }
    void switch_off() {
        windows += index_ ? 1 : 0;
        index_.reset();
        allocated_ = 0;
        for (auto& line : vectors_) {
            line.forgotten = line.forgotten || line.in_device;
            line.connected = line.in_device = false;
        }
    }

    // Each returns whether the host refuses by itself.
    bool run(const model::running::action::EnableEmpty& action) {
        ++vfio_calls;
        if (index_ || intx_enabled_) broken("an index is on already");
        index_ = action.index;
        allocated_ = 1;
        return false;
    }
    bool run(const model::running::action::ConnectVectors& action) {
        ++vfio_calls;
        if (index_ != device::IrqIndex::Msix) return true;
        if (noresize_ && action.vectors.back() >= allocated_) broken("no room for the vector");
        // The call leaves those between without an event. One that was given up has it for nothing.
        for (auto n = action.vectors.front(); n <= action.vectors.back(); ++n)
            if (std::exchange(vectors_[n].connected, false) && !vectors_[n].silent)
                broken("a vector in use is touched");
        for (const auto n : action.vectors)
            connect(n);
        return false;
    }
    bool run(const model::running::action::EnableVectors& action) {
        vfio_calls += index_ ? 2 : 1;
        if (intx_enabled_) broken("INTx is on");
        switch_off();
        index_ = action.index;
        allocated_ = action.count;
        for (const auto n : action.connected) {
            if (n >= action.count) return broken("a vector past the count"), false;
            connect(n);
        }
        return false;
    }
    bool run(const model::running::action::DisableAll& /*action*/) {
        ++vfio_calls;
        switch_off();
        for (auto& line : vectors_)
            line = Line{};
        not_enabled_ = false;
        return false;
    }
    bool run(const model::running::action::SetRoute& action) {
        vectors_[action.vector].staged = action.message;
        return false;
    }
    bool run(const model::running::action::DropRoute& action) {
        vectors_[action.vector].staged.reset();
        vectors_[action.vector].committed.reset();
        return false;
    }
    bool run(const model::running::action::CommitRoutes& /*action*/) {
        ++kvm_calls;
        ++commits;
        for (auto& line : vectors_)
            line.committed = line.staged;
        return false;
    }
    bool run(const model::running::action::Attach& action) {
        ++kvm_calls;
        const auto& line = vectors_[action.vector];
        if (line.staged != line.committed || !line.committed) return false;
        open(action.vector, Path::Kvm);
        return false;
    }
    bool run(const model::running::action::Relay& action) {
        vectors_[action.vector].relayed = action.message;
        open(action.vector, Path::Relay);
        return false;
    }
    bool run(const model::running::action::Detach& action) {
        if (vectors_[action.vector].path == Path::Kvm) ++kvm_calls;
        vectors_[action.vector].path = Path::None;
        return false;
    }
    bool run(const model::running::action::Fire& action) {
        fired.push_back(action.vector);
        signal(action.vector);
        return false;
    }
    bool run(const model::running::action::AttachIntx& /*action*/) {
        intx_attached_ = true;
        return false;
    }
    bool run(const model::running::action::DetachIntx& /*action*/) {
        intx_attached_ = false;
        return false;
    }
    bool run(const model::running::action::EnableIntx& /*action*/) {
        if (index_) broken("INTx beside messages");
        intx_enabled_ = true;
        return false;
    }
    bool run(const model::running::action::DisableIntx& /*action*/) {
        intx_enabled_ = false;
        return false;
    }
    bool run(const model::running::action::Report& action) {
        reports.push_back(action);
        if (action.incident == model::running::Incident::Silent)
            vectors_[action.vector].silent = true;
        if (action.incident == model::running::Incident::FewerVectors)
            for (auto n = action.vector; n < vectors_.size(); ++n)
                vectors_[n].silent = true;
        if (action.incident == model::running::Incident::IntxSilent) intx_silent_ = true;
        if (action.incident == model::running::Incident::NotEnabled) not_enabled_ = true;
        return false;
    }

    bool noresize_;
    std::optional<device::IrqIndex> index_;
    std::uint32_t allocated_ = 0;
    bool intx_enabled_ = false;
    bool intx_attached_ = false;
    bool intx_silent_ = false;
    std::vector<Line> vectors_;
    unsigned refuse_in_ = 0;
    std::optional<std::uint32_t> offered_;
    bool not_enabled_ = false;
};

}  // namespace tenon::support

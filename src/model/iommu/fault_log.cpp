#include "model/iommu/fault_log.hpp"

#include <utility>

namespace tenon::model::iommu {
namespace {

std::uint16_t record_at(unsigned index) {
    return static_cast<std::uint16_t>(at::fault_records + index * fault_record_size);
}

std::uint16_t high_half(unsigned index) { return static_cast<std::uint16_t>(record_at(index) + 8); }

std::uint16_t part(std::uint16_t base, std::uint16_t offset) {
    return static_cast<std::uint16_t>(base + offset);
}

void send(const RegisterFile& registers, std::uint16_t base, Effects& effects) {
    effects.emplace_back(
        effect::SendMessage{{.address = registers.read64(part(base, event_part::address)),
                             .data = registers.read32(part(base, event_part::data))}});
}

}  // namespace

void raise_event(RegisterFile& registers, std::uint16_t base, Effects& effects) {
    const auto control = registers.get<EventControl>(base);
    if (control.get<EventMask>() == 0)
        send(registers, base, effects);
    else
        registers.set32(base, control.with<EventPending>(1).raw());
}

void event_unmasked(RegisterFile& registers, std::uint16_t base, Effects& effects) {
    const auto control = registers.get<EventControl>(base);
    if (control.get<EventMask>() != 0 || control.get<EventPending>() == 0) return;
    settle_event(registers, base);
    send(registers, base, effects);
}

void settle_event(RegisterFile& registers, std::uint16_t base) {
    registers.set32(base, registers.get<EventControl>(base).with<EventPending>(0).raw());
}

// Whether software has something before it already: it is not told of more. Source: 7.4.
bool FaultLog::tells() const {
    const auto status = registers_.read32(at::fault_status);
    return (status & ~static_cast<std::uint32_t>(FaultRecordIndex::mask)) != 0;
}

void FaultLog::raise(std::uint32_t status, Effects& effects) {
    const bool told = tells();
    registers_.set32(at::fault_status, registers_.read32(at::fault_status) | status);
    if (!told) raise_event(registers_, at::fault_event, effects);
}

void FaultLog::record(const Fault& fault, Effects& effects) {
    const auto status = registers_.get<FaultStatus>(at::fault_status);
    if (status.get<FaultOverflow>() != 0) return;
    if (registers_.get<FaultRecordHigh>(high_half(next_)).get<FaultValid>() != 0) {
        raise(FaultOverflow::mask, effects);
        return;
    }
    const auto index = std::exchange(next_, (next_ + 1) % fault_record_count);
    registers_.set64(record_at(index), fault.information & FaultInformation::mask);
    registers_.set64(high_half(index), FaultRecordHigh{0}
                                           .with<FaultValid>(1)
                                           .with<FaultIsRead>(fault.read ? 1 : 0)
                                           .with<FaultPasid>(fault.pasid.value_or(0))
                                           .with<FaultReasonBits>(std::to_underlying(fault.reason))
                                           .with<FaultHasPasid>(fault.pasid ? 1 : 0)
                                           .with<FaultSource>(fault.source)
                                           .raw());
    effects.emplace_back(effect::FaultRecorded{fault});
    if (status.get<FaultPending>() == 0) {
        const bool told = tells();
        registers_.set32(at::fault_status,
                         status.with<FaultPending>(1).with<FaultRecordIndex>(index).raw());
        if (!told) raise_event(registers_, at::fault_event, effects);
    }
}

void FaultLog::written() {
    bool pending = false;
    for (unsigned n = 0; n < fault_record_count; ++n)
        pending = pending || registers_.get<FaultRecordHigh>(high_half(n)).get<FaultValid>() != 0;
    const auto status = registers_.get<FaultStatus>(at::fault_status);
    registers_.set32(at::fault_status, status.with<FaultPending>(pending ? 1 : 0).raw());
    if (!tells()) settle_event(registers_, at::fault_event);
}

}  // namespace tenon::model::iommu

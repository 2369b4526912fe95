#include "vmm/rights/table.hpp"

#include <utility>

namespace tenon::vmm::rights {

using seal::Kinds;
using seal::ThreadKind;

Kinds started_by(ThreadKind kind, bool has_clients) {
    switch (kind) {
        case ThreadKind::Main:
            return has_clients
                       ? seal::everyone()
                       : seal::everyone().without(ThreadKind::Control).without(ThreadKind::Worker);
        case ThreadKind::Control:
            return {ThreadKind::Control, ThreadKind::Worker};
        default:
            return {kind};
    }
}

std::vector<seal::Rule> table(const Running& running) {
    auto rows = requests();
    auto calls = system_calls(running);
    rows.insert(rows.end(), std::make_move_iterator(calls.begin()),
                std::make_move_iterator(calls.end()));
    return rows;
}

std::vector<const seal::Rule*> rows_of(ThreadKind kind, const std::vector<seal::Rule>& table,
                                       bool has_clients) {
    const auto kinds = started_by(kind, has_clients);
    std::vector<const seal::Rule*> rows;
    for (const auto& row : table)
        if (row.who.meets(kinds)) rows.push_back(&row);
    return rows;
}

}  // namespace tenon::vmm::rights

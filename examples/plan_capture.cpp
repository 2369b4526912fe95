// Says whether a guest could have recorded devices, and why not: plan_capture FILE…
#include <iostream>
#include <tenon/plan.hpp>

int main(int count, char** words) {
    const auto plan = tenon::Plan::make({.devices = {words + 1, words + count}});
    if (!plan) return std::cerr << to_string(plan.error()) << '\n', 2;
    for (const auto& port : plan->ports())
        for (const auto& function : port.functions) {
            std::cout << function.host << ": " << (function.assignable ? "yes\n" : "no\n");
            for (const auto& reason : function.reasons)
                std::cout << "  " << reason.what << '\n';
        }
    return plan->assignable() ? 0 : 1;
}

// Prints the plan of files as libtenon tells it, to be compared with `tenon plan --json`.
#include <iostream>

#include "tenon/plan.hpp"

int main(int count, char** words) {
    const auto plan = tenon::Plan::make({.devices = {words + 1, words + count}});
    if (!plan) {
        std::cerr << "tenon: " << to_string(plan.error()) << '\n';
        return 2;
    }
    std::cout << plan->json();
    return plan->assignable() ? 0 : 1;
}

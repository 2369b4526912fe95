// Lists the PCI functions of this host that a guest could have now.
#include <iostream>
#include <tenon/host.hpp>

int main() {
    const auto functions = tenon::list_host_functions();
    if (!functions) return std::cerr << to_string(functions.error()) << '\n', 2;
    for (const auto& function : *functions)
        if (function.assignable) std::cout << function.address << ' ' << function.name << '\n';
    return 0;
}

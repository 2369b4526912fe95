// A request that names the file of a machine among its devices, as `tenon plan vm.toml` does.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/vm_file.hpp"
#include "tenon/plan.hpp"

namespace tenon::library {

/// A key that only `tenon run` needs: it may stand in a file, and a plan passes over it.
struct RunKey {
    std::string_view name;
    bool is_flag = false;  ///< True or false, without a value.
};

/// All of them.
std::span<const RunKey> run_keys();

/// `request` with what its file says and it does not say itself; without such a file as it is.
/// Errors: Malformed for two files, and, naming file, line and key, for one that a machine lacks;
/// those of words::read_vm_file().
Result<PlanRequest> with_file(PlanRequest request);

/// The same of a file that was read: its entries, in order. Errors: Malformed, naming file, line
/// and key.
Result<PlanRequest> with_entries(PlanRequest request, const std::vector<words::FileOption>& file);

}  // namespace tenon::library

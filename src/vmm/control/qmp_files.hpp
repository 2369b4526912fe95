// Files that one client of the control socket hands over, until a command takes them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace tenon::vmm::control {

/// Files come with a command and without a name; `getfd` names the first of them. Those that a
/// command leaves are closed behind it, or a later getfd would name them instead of its own.
class QmpFiles {
public:
    static constexpr std::size_t most = 64;  ///< Of those with a name, and that come together.

    /// Keeps files that came with a command; those that came before without getting a name are
    /// closed.
    void arrive(std::vector<Fd> files);

    /// Names the file that came first; one of that name is closed.
    /// Errors: NotFound if none came; Malformed for a name that is a number, or empty.
    Result<void> name(const std::string& name);

    /// Gives the file of this name away. Errors: NotFound.
    Result<Fd> take(const std::string& name);

private:
    std::vector<Fd> arrived_;
    std::map<std::string, Fd> named_;
};

}  // namespace tenon::vmm::control

// Files that one client of the control socket hands over, until a command takes them.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace tenon::vmm {

/// Files come with a message and without a name; `getfd` names the first of them.
class QmpFiles {
public:
    static constexpr std::size_t most = 64;  ///< Of those without and with a name, each.

    /// Keeps a file that came. Errors: Busy if there are too many; it is closed.
    Result<void> arrive(Fd file);

    /// Names the file that came first; one of that name is closed.
    /// Errors: NotFound if none came; Malformed for a name that is a number, or empty.
    Result<void> name(const std::string& name);

    /// Gives the file of this name away. Errors: NotFound.
    Result<Fd> take(const std::string& name);

private:
    std::deque<Fd> arrived_;
    std::map<std::string, Fd> named_;
};

}  // namespace tenon::vmm

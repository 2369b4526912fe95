#include "vmm/control/qmp_files.hpp"

#include <cctype>
#include <utility>

namespace tenon::vmm::control {

void QmpFiles::arrive(std::vector<Fd> files) { arrived_ = std::move(files); }

Result<void> QmpFiles::name(const std::string& name) {
    if (arrived_.empty())
        return fail(Error::Kind::NotFound, "No file descriptor supplied via SCM_RIGHTS");
    auto file = std::move(arrived_.front());
    arrived_.erase(arrived_.begin());
    // As in QEMU, where a number means a file of the process itself.
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0)
        return malformed("Parameter 'fdname' expects a name not starting with a digit");
    if (named_.size() >= most && !named_.contains(name))
        return fail(Error::Kind::Busy, "{} files have names already; closefd gives one back", most);
    named_[name] = std::move(file);
    return {};
}

Result<Fd> QmpFiles::take(const std::string& name) {
    const auto found = named_.find(name);
    if (found == named_.end())
        return fail(Error::Kind::NotFound, "File descriptor named '{}' has not been found", name);
    auto file = std::move(found->second);
    named_.erase(found);
    return file;
}

}  // namespace tenon::vmm::control

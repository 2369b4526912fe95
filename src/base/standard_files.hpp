// Descriptors 0, 1 and 2.
#pragma once

#include "base/result.hpp"

namespace tenon {

/// Opens those of the descriptors 0 to 2 that are closed on /dev/null. Else a file that is opened
/// later gets such a number, and what is meant for standard output is written into it. To be called
/// before anything else is opened.
/// Errors: errno of open(2).
Result<void> fill_standard_files();

}  // namespace tenon

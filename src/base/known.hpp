// A fact that is known, or is not known for a stated reason. A type that programs see as well.
#pragma once

#include "tenon/known.hpp"  // IWYU pragma: export

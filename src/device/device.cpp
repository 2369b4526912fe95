// The layer has no code of its own yet: facts are data, control is a seam. This file gives the
// library a member, and checks that both headers compile together.
#include "device/control.hpp"
#include "device/facts.hpp"

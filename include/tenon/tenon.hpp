// All of libtenon: what a guest would see of PCI functions, and why, without being the program.
#pragma once

#include "tenon/capture.hpp"
#include "tenon/config_space.hpp"
#include "tenon/host.hpp"
#include "tenon/plan.hpp"
#include "tenon/version.hpp"

// What `--memory SIZE[,hugepages=…][,node=…]` and `--cpus N[,x-apic-step=…]` mean.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/keys.hpp"
#include "model/machine/processors.hpp"
#include "model/machine/request.hpp"

namespace tenon::library::words {

/// Guest memory where nothing is said of it.
inline constexpr std::string_view default_memory = "512M";

/// The keys of guest memory in words.
std::vector<KeyWords> memory_keys();

/// Reads `SIZE[,hugepages=2M|1G][,node=N|auto|none]`.
/// Errors: Malformed, naming the key and what it may be; a size that is no multiple of its pages
/// (2 MiB at least).
Result<model::machine::MemoryRequest> parse_memory_argument(std::string_view text);

/// Reads `N[,x-apic-step=STEP]`: 1 to 255 processors, as many as APIC ids of 8 bits tell apart.
/// Their ids are multiples of STEP (1), up to 4095. Errors: Malformed, quoting the text.
Result<model::machine::Processors> parse_cpus_argument(std::string_view text);

}  // namespace tenon::library::words

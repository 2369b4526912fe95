// From the bytes of a file to everything that `tenon plan` prints of it.
#pragma once

#include <cstddef>
#include <span>

namespace tenon::fuzz {

/// Reads `content` as `tenon plan` reads a file and prints every function in it in every form.
/// Whatever it is, there is a plan or an error; the process ends if a plan contradicts itself.
void plan_file(std::span<const std::byte> content);

}  // namespace tenon::fuzz

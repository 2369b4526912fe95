#include "vmm/loader/kernel_file.hpp"

#include <elf.h>

#include <cstring>

namespace tenon::vmm::loader {

bool is_elf(std::span<const std::byte> file) {
    return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

Result<KernelImage> parse_kernel(std::span<const std::byte> file, std::uint64_t low_end) {
    return is_elf(file) ? parse_vmlinux(file, low_end) : parse_bzimage(file, low_end);
}

}  // namespace tenon::vmm::loader

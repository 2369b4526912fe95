#include <asm/bootparam.h>

#include <algorithm>
#include <cstddef>

#include "vmm/loader/boot_layout.hpp"
#include "vmm/loader/kernel_file.hpp"

namespace tenon::vmm::loader {
namespace {

static_assert(sizeof(setup_header) == 123);
static_assert(sizeof(boot_params) == 4096);
static_assert(offsetof(boot_params, hdr) == 0x1f1);

constexpr std::size_t header_at = 0x1f1;
constexpr std::uint64_t sector = 512;
constexpr std::uint64_t entry_64 = 0x200;
constexpr std::uint32_t magic = 0x5372'6448;  // "HdrS"
constexpr std::uint16_t boot_flag = 0xaa55;
constexpr std::uint16_t version_with_xloadflags = 0x020c;

Result<void> check(const setup_header& header) {
    if (header.boot_flag != boot_flag || header.header != magic)
        return malformed("no Linux kernel: neither the header of a bzImage nor an ELF file");
    if (header.version < version_with_xloadflags || (header.xloadflags & XLF_KERNEL_64) == 0)
        return fail(
            Error::Kind::Unsupported,
            "no 64-bit Linux kernel: boot protocol {}.{}, 2.12 with a 64-bit entry is needed",
            header.version >> 8, header.version & 0xff);
    if ((header.loadflags & LOADED_HIGH) == 0)
        return fail(Error::Kind::Unsupported, "a zImage; a bzImage is needed");
    return {};
}

/// Where the kernel goes: where it prefers to be, or from 1 MiB on if it may be anywhere.
/// `need` is what it takes from there; 0 as the answer says that there is no room.
std::uint64_t choose_place(const setup_header& header, std::uint64_t need, std::uint64_t low_end) {
    const auto fits = [&](std::uint64_t at) {
        return at >= kernel_floor && at <= low_end && need <= low_end - at;
    };
    if (fits(header.pref_address)) return header.pref_address;
    if (header.relocatable_kernel == 0 || header.kernel_alignment == 0) return 0;
    const std::uint64_t alignment = header.kernel_alignment;
    const std::uint64_t at = (kernel_floor + alignment - 1) / alignment * alignment;
    return fits(at) ? at : 0;
}

}  // namespace

Result<KernelImage> parse_bzimage(std::span<const std::byte> file, std::uint64_t low_end) {
    TENON_TRY(header, read_structure<setup_header>(file, header_at, "bzImage header"),
              "reading the kernel");
    TENON_TRY_DO(check(header), "reading the kernel");
    const std::uint64_t sectors = header.setup_sects == 0 ? 4 : header.setup_sects;
    const std::uint64_t payload = (sectors + 1) * sector;
    if (payload + entry_64 >= file.size())
        return malformed("the kernel's file ends at {:#x}, before its code at {:#x}", file.size(),
                         payload + entry_64);
    const auto code = file.subspan(static_cast<std::size_t>(payload));
    // In units of 16 bytes. What may follow (a signature) is not counted. Source: boot.rst,
    // syssize.
    const std::uint64_t code_size = std::uint64_t{header.syssize} * 16;
    if (code.size() < code_size)
        return malformed("the kernel's file is cut off: it ends at {:#x}, its code at {:#x}",
                         file.size(), payload + code_size);
    const std::uint64_t need = std::max<std::uint64_t>(header.init_size, code.size());
    const std::uint64_t at = choose_place(header, need, low_end);
    if (at == 0)
        return fail(Error::Kind::Unsupported,
                    "the kernel needs {:#x} bytes at {:#x}; low memory ends at {:#x}", need,
                    std::uint64_t{header.pref_address}, low_end);
    // The jump over the header tells how long it is. Source: boot.rst, "Details of Header Fields".
    constexpr std::size_t jump_distance = 0x201;
    constexpr std::size_t after_jump = 0x202;
    const std::size_t end = after_jump + std::to_integer<std::size_t>(file[jump_distance]);
    const std::size_t size = std::min(end - header_at, sizeof(setup_header));
    KernelImage image{.mode = kvm::Entry::Mode::Long64,
                      .entry = GuestAddress{at + entry_64},
                      .segments = {{.at = GuestAddress{at}, .bytes = code, .memory_size = need}},
                      .end = at + need,
                      .setup_header = file.subspan(header_at, size),
                      .initrd_limit = header.initrd_addr_max,
                      .initrd_anywhere = (header.xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G) != 0,
                      .command_line_limit = header.cmdline_size};
    return image;
}

}  // namespace tenon::vmm::loader

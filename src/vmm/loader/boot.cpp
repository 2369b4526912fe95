#include "vmm/loader/boot.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "vmm/loader/boot_layout.hpp"
#include "vmm/loader/kernel_file.hpp"
#include "vmm/loader/start_structures.hpp"

namespace tenon::vmm::loader {
namespace {

constexpr std::size_t largest_file = std::size_t{2} << 30;

std::span<const std::byte> bytes_of_text(const std::string& text) {
    return std::as_bytes(std::span{text});
}

Result<void> copy_kernel(const KernelImage& image, const GuestMemory& memory) {
    for (const auto& segment : image.segments) {
        TENON_TRY(place, memory.span(segment.at, segment.memory_size), "loading the kernel");
        // Memory is fresh, but segments may overlap: what the file does not fill is zero.
        const auto rest = std::ranges::copy(segment.bytes, place.begin()).out;
        std::fill(rest, place.end(), std::byte{0});
    }
    return {};
}

/// At the end of low memory, or of what the kernel can reach.
Result<RamDisk> place_disk(const KernelImage& image, const GuestMemory& memory,
                           std::uint64_t size) {
    constexpr std::uint64_t page = 0x1000;
    const std::uint64_t low_end = memory.parts().front().end();
    const std::uint64_t limit = std::min(low_end, image.initrd_limit + 1);
    const std::uint64_t floor = align_up(image.end, page);
    const std::uint64_t need = align_up(size, page);
    if (limit < floor || limit - floor < need)
        return fail(Error::Kind::Unsupported,
                    "{:#x} bytes do not fit between the kernel's end at {:#x} and {:#x}", size,
                    image.end, limit);
    return RamDisk{.at = GuestAddress{align_down(limit - need, page)}, .size = size};
}

Result<RamDisk> load_disk(const std::string& path, const KernelImage& image,
                          const GuestMemory& memory) {
    if (path.empty()) return RamDisk{};
    TENON_TRY(content, read_file(path, largest_file), "loading the initial RAM disk");
    if (content.empty()) return RamDisk{};
    TENON_TRY(disk, place_disk(image, memory, content.size()), path);
    TENON_TRY_DO(memory.write(disk.at, bytes_of_text(content)), path);
    return disk;
}

Result<void> write_command_line(const std::string& text, const KernelImage& image,
                                const GuestMemory& memory) {
    const auto limit = std::min(image.command_line_limit, command_line_limit - 1);
    if (text.size() > limit)
        return malformed("the kernel's command line has {} characters, {} are possible",
                         text.size(), limit);
    TENON_TRY_DO(memory.write(command_line, bytes_of_text(text)), "writing the command line");
    const std::byte end{0};
    return memory.write(command_line.plus(text.size()), std::span{&end, 1});
}

}  // namespace

Result<Entry> load(const BootRequest& request, const GuestMemory& memory,
                   const model::AddressMap& addresses) {
    const std::uint64_t low_end = memory.parts().front().end();
    TENON_TRY(file, read_file(request.kernel, largest_file), "loading the kernel");
    TENON_TRY(image, parse_kernel(bytes_of_text(file), low_end), request.kernel);
    TENON_TRY_DO(copy_kernel(image, memory), request.kernel);
    TENON_TRY(disk, load_disk(request.initrd, image, memory), "booting");
    TENON_TRY_DO(write_command_line(request.append, image, memory), "booting");

    const auto map = make_memory_map(memory.parts(), addresses);
    const bool long64 = image.mode == Entry::Mode::Long64;
    const auto argument = long64 ? boot_parameters : start_info;
    const auto block = long64 ? make_boot_parameters(image, disk, map) : make_start_info(disk, map);
    TENON_TRY_DO(memory.write(argument, block), "writing the kernel's parameters");
    TENON_TRY_DO(memory.write(descriptor_table, make_descriptor_table(image.mode)),
                 "writing the descriptor table");
    if (long64) TENON_TRY_DO(memory.write(page_tables, make_page_tables()), "writing page tables");
    return Entry{.mode = image.mode, .address = image.entry, .argument = argument};
}

}  // namespace tenon::vmm::loader

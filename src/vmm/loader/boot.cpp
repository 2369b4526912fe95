#include "vmm/loader/boot.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/input.hpp"
#include "vmm/loader/boot_layout.hpp"

namespace tenon::vmm::loader {
namespace {

constexpr std::uint64_t largest_kernel = std::uint64_t{2} << 30;

std::span<const std::byte> bytes_of_text(const std::string& text) {
    return std::as_bytes(std::span{text});
}

Result<void> copy_kernel(const KernelImage& image, const board::GuestMemory& memory) {
    for (const auto& segment : image.segments) {
        TENON_TRY(place, memory.span(segment.at, segment.memory_size), "loading the kernel");
        // Memory is fresh, but segments may overlap: what the file does not fill is zero.
        const auto rest = std::ranges::copy(segment.bytes, place.begin()).out;
        std::fill(rest, place.end(), std::byte{0});
    }
    return {};
}

/// A range that may hold the initial RAM disk.
struct Room {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
};

/// As high as the kernel likes it. What does not fit there goes above, into low memory or past
/// 4 GiB, where the kernel takes it from any address.
Result<RamDisk> place_disk(const KernelImage& image, const board::GuestMemory& memory,
                           std::uint64_t size) {
    constexpr std::uint64_t page = 0x1000;
    const auto& low = memory.parts().front();
    const auto& last = memory.parts().back();
    const std::uint64_t floor = align_up(image.end, page);
    std::vector<Room> rooms{{.first = floor, .end = std::min(low.end(), image.initrd_limit + 1)}};
    if (image.initrd_anywhere) {
        rooms.push_back({.first = floor, .end = low.end()});
        if (memory.parts().size() > 1)
            rooms.push_back({.first = last.at.value(), .end = last.end()});
    }
    const std::uint64_t need = align_up(size, page);
    for (const auto& room : rooms)
        if (room.end >= room.first && room.end - room.first >= need)
            return RamDisk{.at = GuestAddress{align_down(room.end - need, page)}, .size = size};
    return std::unexpected(
        Error{.kind = Error::Kind::Unsupported,
              .what = fmt::format("{} bytes do not fit into the guest's memory beside the kernel, "
                                  "which ends at {:#x}; the largest room ends at {:#x}",
                                  size, image.end, rooms.back().end),
              .hint = image.initrd_anywhere
                          ? "Give the guest more memory with --memory"
                          : "Give the guest more memory with --memory; a bzImage takes an initial "
                            "RAM disk above 4 GiB too, a vmlinux only below"});
}

Result<void> write_command_line(const std::string& text, const KernelImage& image,
                                const board::GuestMemory& memory) {
    const auto limit = std::min(image.command_line_limit, command_line_limit - 1);
    if (text.size() > limit)
        return malformed("the kernel's command line has {} characters, {} are possible",
                         text.size(), limit);
    TENON_TRY_DO(memory.write(command_line, bytes_of_text(text)), "writing the command line");
    const std::byte end{0};
    return memory.write(command_line.plus(text.size()), std::span{&end, 1});
}

}  // namespace

Result<BootSource> BootSource::open(BootRequest request) {
    BootSource source;
    source.request_ = std::move(request);
    TENON_TRY(kernel, open_regular_or_given(source.request_.kernel), "loading the kernel");
    source.kernel_ = std::move(kernel);
    if (source.request_.initrd.empty()) return source;
    TENON_TRY(initrd, open_regular_or_given(source.request_.initrd),
              "loading the initial RAM disk");
    source.initrd_ = std::move(initrd);
    return source;
}

/// Straight from the file into the guest's memory: it may be as large as that.
Result<RamDisk> BootSource::load_disk(const KernelImage& image,
                                      const board::GuestMemory& memory) const {
    if (!initrd_) return RamDisk{};
    TENON_TRY(size, size_of_file(initrd_, request_.initrd), "");
    if (size == 0) return RamDisk{};
    TENON_TRY(disk, place_disk(image, memory, size), request_.initrd);
    TENON_TRY(place, memory.span(disk.at, size), request_.initrd);
    TENON_TRY_DO(read_at(initrd_, 0, place, request_.initrd), "");
    return disk;
}

Result<kvm::Entry> BootSource::load(const board::GuestMemory& memory,
                                    const model::machine::AddressMap& addresses,
                                    std::optional<GuestAddress> remapping) const {
    const std::uint64_t low_end = memory.parts().front().end();
    TENON_TRY(size, size_of_file(kernel_, request_.kernel), "loading the kernel");
    if (size > largest_kernel)
        return malformed("{}: {} bytes are no kernel", request_.kernel, size);
    // It may have 2 GiB, which nobody needs as zeros first.
    const auto bytes = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(size));
    const std::span file{bytes.get(), static_cast<std::size_t>(size)};
    TENON_TRY_DO(read_at(kernel_, 0, file, request_.kernel), "loading the kernel");
    TENON_TRY(image, parse_kernel(file, low_end), request_.kernel);
    TENON_TRY_DO(copy_kernel(image, memory), request_.kernel);
    TENON_TRY(disk, load_disk(image, memory), "loading the initial RAM disk");
    TENON_TRY_DO(write_command_line(request_.append, image, memory), "booting");

    const auto map = make_memory_map(memory.parts(), addresses, remapping);
    const bool long64 = image.mode == kvm::Entry::Mode::Long64;
    const auto argument = long64 ? boot_parameters : start_info;
    const auto block = long64 ? make_boot_parameters(image, disk, map) : make_start_info(disk, map);
    TENON_TRY_DO(memory.write(argument, block), "writing the kernel's parameters");
    TENON_TRY_DO(memory.write(kvm::descriptor_table, kvm::make_descriptor_table(image.mode)),
                 "writing the descriptor table");
    if (long64)
        TENON_TRY_DO(memory.write(kvm::page_tables, kvm::make_page_tables()),
                     "writing page tables");
    return kvm::Entry{.mode = image.mode, .address = image.entry, .argument = argument};
}

}  // namespace tenon::vmm::loader

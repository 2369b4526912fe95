#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "vmm/loader/boot_layout.hpp"
#include "vmm/loader/kernel_file.hpp"

namespace tenon::vmm::loader {
namespace {

static_assert(sizeof(Elf64_Ehdr) == 64);
static_assert(sizeof(Elf64_Phdr) == 56);
static_assert(sizeof(Elf64_Nhdr) == 12);

constexpr std::uint32_t pvh_entry_note = 18;
constexpr std::string_view xen{"Xen\0", 4};
constexpr unsigned most_program_headers = 128;

// PVH enters in 32-bit mode, and firmware says so of its file, which has 64-bit headers.
Result<void> check(const Elf64_Ehdr& header) {
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        (header.e_machine != EM_X86_64 && header.e_machine != EM_386))
        return fail(Error::Kind::Unsupported, "an ELF file, but not for x86-64");
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
        header.e_phnum > most_program_headers)
        return malformed("{} program headers of {} bytes", header.e_phnum, header.e_phentsize);
    return {};
}

/// The part of the file that a program header names.
Result<std::span<const std::byte>> content(std::span<const std::byte> file,
                                           const Elf64_Phdr& header) {
    if (header.p_offset > file.size() || header.p_filesz > file.size() - header.p_offset)
        return malformed("the file ends inside the segment at {:#x}",
                         std::uint64_t{header.p_offset});
    return file.subspan(static_cast<std::size_t>(header.p_offset),
                        static_cast<std::size_t>(header.p_filesz));
}

Result<Segment> load_segment(std::span<const std::byte> file, const Elf64_Phdr& header,
                             std::uint64_t low_end) {
    TENON_TRY(bytes, content(file, header), "reading the kernel");
    if (header.p_memsz < header.p_filesz)
        return malformed("a segment of {:#x} bytes in {:#x} bytes of memory",
                         std::uint64_t{header.p_filesz}, std::uint64_t{header.p_memsz});
    if (header.p_paddr < kernel_floor || header.p_paddr > low_end ||
        header.p_memsz > low_end - header.p_paddr)
        return fail(Error::Kind::Unsupported,
                    "a segment of {:#x} bytes at {:#x}; the guest's low memory for it is {:#x} to "
                    "{:#x}",
                    std::uint64_t{header.p_memsz}, std::uint64_t{header.p_paddr}, kernel_floor,
                    low_end);
    return Segment{
        .at = GuestAddress{header.p_paddr}, .bytes = bytes, .memory_size = header.p_memsz};
}

/// The entry that a segment of notes tells, if one of them is for PVH.
std::optional<std::uint64_t> find_entry(std::span<const std::byte> notes) {
    const auto padded = [](std::uint64_t size) { return align_up(size, 4); };
    while (notes.size() >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        std::memcpy(&note, notes.data(), sizeof note);
        const std::uint64_t name_at = sizeof note;
        const std::uint64_t value_at = name_at + padded(note.n_namesz);
        const std::uint64_t end = value_at + padded(note.n_descsz);
        if (value_at + note.n_descsz > notes.size()) return std::nullopt;
        const bool is_xen = note.n_namesz == xen.size() &&
                            std::memcmp(&notes[name_at], xen.data(), xen.size()) == 0;
        if (is_xen && note.n_type == pvh_entry_note && note.n_descsz >= 4) {
            std::uint64_t value = 0;
            std::memcpy(&value, &notes[value_at], std::min<std::size_t>(note.n_descsz, 8));
            return value;
        }
        if (end >= notes.size()) return std::nullopt;
        notes = notes.subspan(static_cast<std::size_t>(end));
    }
    return std::nullopt;
}

}  // namespace

Result<KernelImage> parse_vmlinux(std::span<const std::byte> file, std::uint64_t low_end) {
    TENON_TRY(header, read_structure<Elf64_Ehdr>(file, 0, "ELF header"), "reading the kernel");
    TENON_TRY_DO(check(header), "reading the kernel");
    KernelImage image{.mode = kvm::Entry::Mode::Flat32,
                      .initrd_limit = low_end - 1,
                      .command_line_limit = command_line_limit - 1};
    std::optional<std::uint64_t> entry;
    for (unsigned index = 0; index < header.e_phnum; ++index) {
        if (header.e_phoff > file.size())
            return malformed("program headers at {:#x}, past the file's end",
                             std::uint64_t{header.e_phoff});
        TENON_TRY(program,
                  read_structure<Elf64_Phdr>(file, header.e_phoff + index * sizeof(Elf64_Phdr),
                                             "program headers"),
                  "reading the kernel");
        if (program.p_type == PT_LOAD && program.p_memsz != 0) {
            TENON_TRY(segment, load_segment(file, program, low_end), "reading the kernel");
            image.segments.push_back(segment);
            image.end = std::max(image.end, segment.at.value() + segment.memory_size);
        }
        if (program.p_type == PT_NOTE && !entry) {
            TENON_TRY(notes, content(file, program), "reading the kernel");
            entry = find_entry(notes);
        }
    }
    if (!entry)
        return std::unexpected(
            Error{.kind = Error::Kind::Unsupported,
                  .what = "an ELF file without an entry for PVH (a note of Xen's, type 18)",
                  .hint = "use a vmlinux built with CONFIG_PVH=y, or the bzImage"});
    const bool loaded = std::ranges::any_of(image.segments, [&](const Segment& segment) {
        return *entry >= segment.at.value() && *entry - segment.at.value() < segment.bytes.size();
    });
    if (!loaded) return malformed("the entry {:#x} is in no segment that is loaded", *entry);
    image.entry = GuestAddress{*entry};
    return image;
}

}  // namespace tenon::vmm::loader

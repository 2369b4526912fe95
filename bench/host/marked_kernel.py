#!/usr/bin/env python3
"""Copies a vmlinux whose first instructions write one byte to the serial console, then halt.

The first thing that such a guest does is seen outside at once, whichever VMM loaded it. All else of the
file is as before, so that loading it takes as long. It starts by the PVH entry, which is a note in the
file. Source: xen/include/public/elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY; docs/misc/pvh.pandoc of Xen.

    marked_kernel.py VMLINUX COPY
"""

import struct
import sys

MARK = b"K"
# mov $0x3f8, %dx; mov $'K', %al; out %al, (%dx); hlt; jmp to the hlt: 32-bit code.
STUB = b"\x66\xba\xf8\x03\xb0" + MARK + b"\xee\xf4\xeb\xfd"
PT_LOAD, PT_NOTE = 1, 4
PHYS32_ENTRY = 18


def program_headers(image):
    """(type, file offset, physical address, bytes in the file) of each segment of a 64-bit ELF file."""
    if image[:5] != b"\x7fELF\x02":
        raise SystemExit("not a 64-bit ELF file")
    table, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    for n in range(count):
        kind, _, offset, _, physical, filesz = struct.unpack_from("<IIQQQQ", image, table + n * size)
        yield kind, offset, physical, filesz


def notes(image, offset, size):
    """(owner, type, descriptor) of each note."""
    at = offset
    while at + 12 <= offset + size:
        name_size, desc_size, kind = struct.unpack_from("<III", image, at)
        name = image[at + 12:at + 12 + name_size].rstrip(b"\0")
        at += 12 + (name_size + 3) // 4 * 4
        yield name, kind, bytes(image[at:at + desc_size])
        at += (desc_size + 3) // 4 * 4


def entry_of(image):
    """The file offset of the first instruction."""
    segments = list(program_headers(image))
    for kind, offset, _, size in segments:
        for owner, note, value in notes(image, offset, size) if kind == PT_NOTE else ():
            if owner == b"Xen" and note == PHYS32_ENTRY:
                entry = int.from_bytes(value[:8], "little")
                for load, start, physical, length in segments:
                    if load == PT_LOAD and physical <= entry < physical + length:
                        return start + entry - physical
    raise SystemExit("the kernel has no PVH entry")


def main():
    source, copy = sys.argv[1:]
    with open(source, "rb") as file:
        image = bytearray(file.read())
    at = entry_of(image)
    image[at:at + len(STUB)] = STUB
    with open(copy, "wb") as file:
        file.write(image)


if __name__ == "__main__":
    main()

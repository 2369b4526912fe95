#!/usr/bin/env python3
"""Compares what `tenon plan --target qemu` predicted with what QEMU's guest sees.

    compare_target.py SEEN NAME=PLACE=PLANNED[@ADDRESS]...

SEEN is `lspci -D -xxxx` of all functions of the guest. PLANNED is what `plan --emit lspci` printed: of
a function in a place with a port, the port as well. PLACE is where the guest has the function, as
lspci -PP writes it, with device numbers alone from the second part on: 00:03.0/00.1 is function 1
behind the port 00:03.0, 00:10.0 a function on the root bus. Of a plan of several functions ADDRESS is
the one, or the port, that is meant.

Every byte has to be equal, but for the registers of compare_config.py and, of a port, those below.
"""

import re
import sys
from pathlib import Path

import compare_config
from compare_config import AER, EXPRESS, MSIX

PORT_RUN_TIME = [
    ("header", 0x04, 2, 0x0547, "Command: the guest enables decoding, mastering, SERR#; INTx off"),
    ("header", 0x06, 2, 0xf908, "Status: errors seen, and a pending INTx"),
    ("header", 0x0c, 1, 0xff, "Cache Line Size: the guest's kernel writes its own"),
    ("header", 0x10, 4, 0xfffffff0, "BAR of the table: where the guest's kernel put it"),
    ("header", 0x18, 4, 0xffffffff, "bus numbers and latency: the guest's kernel gives them"),
    ("header", 0x1c, 2, 0xf0f0, "I/O window: where the guest's kernel put it"),
    ("header", 0x1e, 2, 0xf900, "Secondary Status: errors seen"),
    ("header", 0x20, 8, 0xfff0fff0fff0fff0, "memory windows: where the guest's kernel put them"),
    ("header", 0x28, 8, (1 << 64) - 1, "memory window: its upper halves"),
    ("header", 0x30, 4, 0xffffffff, "I/O window: its upper halves"),
    ("header", 0x3c, 1, 0xff, "Interrupt Line: the guest's kernel writes the route it chose"),
    ("header", 0x3e, 2, 0x0003, "Bridge Control: parity and SERR#"),
    (MSIX, 0x02, 2, 0xc000, "MSI-X Control: enable and function mask"),
    (EXPRESS, 0x08, 2, 0x70ff, "Device Control: error reporting, payload and read request size"),
    (EXPRESS, 0x0a, 2, 0x003f, "Device Status: errors seen"),
    (EXPRESS, 0x10, 2, 0x0dc3, "Link Control: ASPM, common clock, interrupts of the link"),
    (EXPRESS, 0x18, 2, 0x1fff, "Slot Control: interrupts, indicators, power"),
    (EXPRESS, 0x1a, 2, 0x0119, "Slot Status: what the guest's driver has yet to clear"),
    (EXPRESS, 0x1c, 2, 0x000f, "Root Control: errors and PME that it is told of"),
    (EXPRESS, 0x28, 2, 0x0020, "Device Control 2: ARI forwarding"),
    (("extended", AER), 0x04, 4, 0xffffffff, "Uncorrectable Error Status: errors seen"),
    (("extended", AER), 0x10, 4, 0xffffffff, "Correctable Error Status: errors seen"),
    (("extended", AER), 0x14, 4, 0x2000, "Correctable Error Mask: advisory errors, which Linux unmasks"),
    (("extended", AER), 0x2c, 4, 0x7, "Root Error Command: interrupts of errors"),
    (("extended", 0x000d), 0x06, 2, 0x005f, "ACS Control: what the guest's kernel switched on"),
]

VIRTIO, VENDOR_SPECIFIC, WINDOW = 0x1af4, 0x09, 5


def of_device(config):
    """Registers of one function that change at run time, beside those that all have."""
    rows = []
    at = 0x10
    while at < 0x28:
        if config[at] & 7 == 4:
            rows.append(("header", at + 4, 4, 0xffffffff, "BAR: its upper half"))
            at += 4
        at += 4
    # Virtio 1.3, 4.1.4.9: what the driver points at in a BAR is read in the space.
    at = config[0x34] & ~3 if config[0x06] & 0x10 else 0
    while at >= 0x40 and int.from_bytes(config[0:2], "little") == VIRTIO:
        if config[at] == VENDOR_SPECIFIC and config[at + 3] == WINDOW:
            rows.append(("header", at + 16, 4, 0xffffffff, "virtio: a window into a BAR"))
        at = config[at + 1] & ~3
    return rows


HEAD = re.compile(r"^(?:[0-9a-f]{4}:)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) ")


def blocks(text):
    """{address: lspci's rows}, in order; addresses without domain."""
    found, rows = {}, None
    for line in text.splitlines():
        head = HEAD.match(line)
        if head:
            rows = found.setdefault(head[1], [])
        elif rows is not None:
            rows.append(line)
    return {address: compare_config.parse("\n".join(rows)) for address, rows in found.items()}


def resolve(functions, place):
    """The guest's address of a place: bridges are followed by their secondary bus numbers."""
    first, *rest = place.split("/")
    address = first
    for part in rest:
        config = functions[address]
        if config[0x0e] & 0x7f != 1:
            sys.exit(f"{place}: {address} is no bridge")
        address = f"{config[0x19]:02x}:{part}"
    if address not in functions:
        sys.exit(f"{place}: the guest has no function {address}; it has {', '.join(functions)}")
    return address


def compare(planned, seen, run_time):
    usual, compare_config.RUN_TIME = compare_config.RUN_TIME, run_time
    try:
        return compare_config.compare(planned, seen)
    finally:
        compare_config.RUN_TIME = usual


def main(seen_file, *named):
    functions = blocks(Path(seen_file).read_text(encoding="utf-8"))
    wrong = total = 0
    for name, place, planned_file in (one.split("=", 2) for one in named):
        planned_file, _, only = planned_file.partition("@")
        planned = blocks(Path(planned_file).read_text(encoding="utf-8"))
        pairs = []
        for address, config in planned.items():
            if only and address != only:
                continue
            if address.startswith("00:"):
                pairs.append(("port", config, place.split("/", maxsplit=1)[0], PORT_RUN_TIME))
            elif only or address[-1] == place[-1]:
                run_time = compare_config.RUN_TIME + of_device(config)
                pairs.append(("function", config, place, run_time))
        if not pairs:
            sys.exit(f"{name}: nothing is planned for {place}")
        for what, config, where, run_time in pairs:
            address = resolve(functions, where)
            differences, allowed = compare(config, functions[address], run_time)
            print(f"{name}, {what} at {address}: {len(config)} bytes, {len(differences)} differ")
            for line in allowed:
                print(f"  run time: {line}")
            for line in differences:
                print(f"  DIFFERS {line}")
            wrong += len(differences)
            total += 1
    print(f"{total} functions and ports, {wrong} bytes differ")
    return 1 if wrong or not total else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

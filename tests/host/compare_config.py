#!/usr/bin/env python3
"""Compares the configuration space that `plan` promised with the one that the guest saw.

    compare_config.py PLANNED SEEN

Both are `lspci -xxxx` text of one function. Every byte must be equal, but for the registers below,
which the guest's kernel and the device change at run time. A register not listed is a finding, and so
is a bit of a listed register that its mask does not name.
"""

import re
import sys

LINE = re.compile(r"^([0-9a-f]{2,3}): ((?:[0-9a-f]{2} ?)+)$")
EXPRESS, MSI, MSIX, POWER = 0x10, 0x05, 0x11, 0x01
AER = 0x0001

# (where, offset in it, size, bits that may differ, why). `where` is "header", or a capability id: a
# number for the standard list, ("extended", number) for the extended one. A size of None: to the end of
# this MSI capability, which has four forms.
RUN_TIME = [
    ("header", 0x04, 2, 0x0547, "Command: the guest enables decoding, mastering, SERR#; INTx off"),
    ("header", 0x06, 2, 0xf908, "Status: the device reports errors and a pending INTx"),
    ("header", 0x0c, 1, 0xff, "Cache Line Size: the guest's kernel writes its own"),
    ("header", 0x3c, 1, 0xff, "Interrupt Line: the guest's kernel writes the route it chose"),
    *[("header", bar, 4, 0xfffffff0, "BAR: where the guest's kernel put it")
      for bar in range(0x10, 0x28, 4)],
    ("header", 0x30, 4, 0xfffff801, "ROM BAR: where the guest's kernel put it, and its enable bit"),
    (POWER, 0x04, 2, 0x8103, "Power Management Control: power state, PME"),
    (MSI, 0x02, 2, 0x0071, "MSI Control: enable and the number of vectors in use"),
    (MSI, 0x04, None, None, "MSI: address, data, mask and pending bits the guest's kernel wrote"),
    (MSIX, 0x02, 2, 0xc000, "MSI-X Control: enable and function mask"),
    (EXPRESS, 0x08, 2, 0xffff, "Device Control: error reporting, payload and read request size"),
    (EXPRESS, 0x0a, 2, 0x003f, "Device Status: errors seen and transactions pending"),
    (EXPRESS, 0x10, 2, 0x01c3, "Link Control: ASPM, common clock, clock management"),
    (EXPRESS, 0x28, 2, 0x143f, "Device Control 2: completion timeout, ARI, LTR, 10-bit tags"),
    (("extended", AER), 0x04, 4, 0xffffffff, "Uncorrectable Error Status: errors seen"),
    (("extended", AER), 0x10, 4, 0xffffffff, "Correctable Error Status: errors seen"),
    (("extended", AER), 0x1c, 16, (1 << 128) - 1, "Header Log: of the last error"),
]


def parse(text):
    """The bytes of the one function in `text`."""
    config = bytearray()
    for line in text.splitlines():
        match = LINE.match(line.strip())
        if not match:
            continue
        if int(match.group(1), 16) != len(config):
            raise ValueError(f"line {line!r}: expected offset {len(config):#x}; one function only")
        config += bytes.fromhex(match.group(2))
    if len(config) not in (64, 256, 4096):
        raise ValueError(f"{len(config)} bytes are no configuration space")
    return bytes(config)


def capabilities(config):
    """The capabilities of `config`, id to offset; of two with one id the first."""
    found = {"header": 0}
    seen = set()
    at = config[0x34] & ~3 if config[0x06] & 0x10 and len(config) > 64 else 0
    while at >= 0x40 and at not in seen:
        seen.add(at)
        found.setdefault(config[at], at)
        at = config[at + 1] & ~3
    at = 0x100 if len(config) == 4096 else 0
    while at >= 0x100 and at not in seen:
        seen.add(at)
        head = int.from_bytes(config[at:at + 4], "little")
        if head in (0, 0xffffffff):
            break
        found.setdefault(("extended", head & 0xffff), at)
        at = head >> 20 & ~3
    return found


def msi_size(config, at):
    """Bytes of the MSI capability at `at`: bits 7 and 8 of its control say 64-bit and per-vector mask."""
    control = int.from_bytes(config[at + 2:at + 4], "little")
    return 10 + (4 if control & 0x80 else 0) + (10 if control & 0x100 else 0)


def tolerated(config):
    """For each byte of `config`: the bits that may differ, and why."""
    bits, why = [0] * len(config), [""] * len(config)
    places = capabilities(config)
    for where, offset, size, mask, reason in RUN_TIME:
        if where not in places:
            continue
        if size is None:
            size = msi_size(config, places[where]) - offset
            mask = (1 << 8 * size) - 1
        for index, byte in enumerate(mask.to_bytes(size, "little")):
            at = places[where] + offset + index
            if at < len(config):
                bits[at] |= byte
                why[at] = reason
    return bits, why


def compare(planned, seen):
    """Lines of two kinds: differences, and what differed as run time makes it."""
    if len(planned) != len(seen):
        return [f"planned {len(planned)} bytes, the guest saw {len(seen)}"], []
    bits, why = tolerated(planned)
    wrong, allowed = [], {}
    for at, (expected, found) in enumerate(zip(planned, seen)):
        if expected == found:
            continue
        if (expected ^ found) & ~bits[at]:
            wrong.append(f"{at:#05x}: planned {expected:02x}, the guest saw {found:02x}")
        else:
            allowed.setdefault(why[at], []).append(f"{at:#x}")
    return wrong, [f"{reason} ({', '.join(places)})" for reason, places in allowed.items()]


def main():
    planned, seen = (parse(open(name, encoding="utf-8").read()) for name in sys.argv[1:3])
    wrong, allowed = compare(planned, seen)
    for line in allowed:
        print(f"  run time: {line}")
    for line in wrong:
        print(f"  DIFFERS {line}")
    if wrong:
        print(f"the guest's view differs from the plan in {len(wrong)} bytes")
        return 1
    print(f"ok: {len(planned)} bytes as planned")
    return 0


if __name__ == "__main__":
    sys.exit(main())

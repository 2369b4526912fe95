#!/usr/bin/env python3
"""Tells the kernel that a function has had an error, as its root port would.

    aer_inject.py 0000:03:00.0 fatal|nonfatal

Needs the kernel's aer_inject. Source: Linux drivers/pci/pcie/aer_inject.c, struct aer_error_inj.
"""

import re
import struct
import sys

# Bits of Uncorrectable Error Status, of the severity that a reset leaves them. PCIe Base Spec 6.0, 7.8.4.
STATUS = {"fatal": 1 << 18, "nonfatal": 1 << 14}


def main():
    address, severity = sys.argv[1:]
    domain, bus, device, function = (
        int(part, 16) for part in re.fullmatch(r"(\w+):(\w+):(\w+)\.(\d)", address).groups())
    no_log = (0, 0, 0, 0)
    record = struct.pack("=BBBxII4II", bus, device, function, STATUS[severity], 0, *no_log, domain)
    with open("/dev/aer_inject", "wb", buffering=0) as file:
        file.write(record)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Mends two faults of an emulator that runs guests of its guest; see below.

    mend_emulator.py PROGRAM    a qemu-system-x86_64 of x86-64, changed in place

The first: VMRUN with an interrupt to inject delivers it, and leaves its number as the processor's pending
exception too. Nothing looks at that until the guest's next exit or exception, unless the emulator's loop
is left before for another reason: another thread that wants the processor's attention while no interrupt is
pending, or in the wrong nanosecond. The number is then taken for an exception and delivered again, whether
the guest has interrupts off or not. A Linux guest that gets its timer's interrupt twice waits for ever for
a lock, or for the end of an update of its clock, that the interrupted one holds. A busy machine makes it
likelier, and so do two emulated processors, which take turns by leaving the loop.

Source: QEMU 11.1, target/i386/tcg/system/svm_helper.c, helper_vmrun(), the case SVM_EVTINJ_TYPE_INTR, which
sets exception_index and calls do_interrupt_x86_hardirq(); accel/tcg/cpu-exec.c, cpu_handle_interrupt() on
exit_request, then cpu_handle_exception().

The mend: the one instruction that notes the number becomes one that does nothing. Who delivers the interrupt
gets the number as an argument; nobody else reads it. Both functions are found by their names, the place of
exception_index in the processor's state by the neighbouring case, which stores a 2 there for an NMI.

The second: a guest that writes CR8 while its hypervisor waits for it to take interrupts again ends the emulator.
helper_write_crN() calls cpu_interrupt() for that without the lock that the latter insists on. UEFI firmware writes CR8
at the end of each interrupt, and on a busy machine the next one waits by then.

Source: QEMU 11.1, target/i386/tcg/system/misc_helper.c, helper_write_crN(), case 8; system/cpus.c, cpu_interrupt().

The mend: the assertion is left out. What is called then sets a bit of the processor that runs, and tells it to look.

Exit status 3, with the program as it was: there is not exactly one such instruction.
"""

import re
import struct
import sys

NO_OPERATIONS = bytes.fromhex("9090")  # As long as a short jump.
NO_OPERATION = bytes.fromhex("660f1f440000")  # As long as the store.


class NotFound(Exception):
    pass


def sections(program):
    """(type, offset, size, link) of each section. Source: System V ABI, ELF-64."""
    (table,) = struct.unpack_from("<Q", program, 0x28)
    size, count = struct.unpack_from("<HH", program, 0x3A)
    for index in range(count):
        at = table + index * size
        kind, _, _, offset, length, link = struct.unpack_from("<IQQQQI", program, at + 4)
        yield kind, offset, length, link


def symbols(program):
    """Exported functions: name to (address, size)."""
    dynamic = 11
    everything = list(sections(program))
    found = {}
    for kind, offset, length, link in everything:
        if kind != dynamic:
            continue
        names = everything[link][1]
        for at in range(offset, offset + length, 24):
            name, _, _, _, address, size = struct.unpack_from("<IBBHQQ", program, at)
            end = program.index(b"\0", names + name)
            found[bytes(program[names + name : end]).decode()] = (address, size)
    return found


def file_offset(program, address):
    (table,) = struct.unpack_from("<Q", program, 0x20)
    size, count = struct.unpack_from("<HH", program, 0x36)
    for index in range(count):
        kind, _, offset, start, _, length = struct.unpack_from("<IIQQQQ", program, table + index * size)
        if kind == 1 and start <= address < start + length:
            return offset + address - start
    raise NotFound(f"no segment has the address {address:#x}")


def only(what, found):
    found = list(found)
    if len(found) != 1:
        raise NotFound(f"{what}: {len(found)} instead of one")
    return found[0]


def store_to_drop(body, start, delivery):
    """Offset in `body`, the bytes of helper_vmrun() at the address `start`, of the instruction to drop.

    `delivery` is the address of do_interrupt_x86_hardirq().
    """
    call = only(
        "calls that deliver an interrupt",
        (
            match.start()
            for match in re.finditer(rb"\xe8", body)
            if match.start() + 5 <= len(body)
            and start + match.start() + 5 + struct.unpack_from("<i", body, match.start() + 1)[0] == delivery
        ),
    )
    # mov dword [register + displacement], 2; the register is none that needs a SIB byte.
    place = only(
        "places of exception_index",
        set(re.findall(rb"\xc7([\x80-\x83\x85-\x87].{4})\x02\x00\x00\x00", body, re.S)),
    )
    base, displacement = place[0] & 7, place[1:]
    # mov dword [the same], register; without a prefix, which would make it longer.
    reach = 64
    store = re.compile(rb"(?<![\x40-\x4f])\x89([\x80-\xbf])" + re.escape(displacement), re.S)
    return only(
        "stores of the interrupt's number",
        (
            match.start()
            for match in store.finditer(body, 0, call)
            if match[1][0] & 7 == base and match.start() >= call - reach
        ),
    )


def jump_to_drop(body):
    """Offset in `body`, the bytes of cpu_interrupt(), of the jump to its failed assertion: test %al,%al; je."""
    return only("assertions", (match.start() + 2 for match in re.finditer(rb"\x84\xc0\x74.", body, re.S)))


def mend(program):
    """Changes `program`, a bytearray. Raises NotFound before it does."""
    functions = symbols(program)
    for name in ("helper_vmrun", "do_interrupt_x86_hardirq", "cpu_interrupt"):
        if name not in functions:
            raise NotFound(f"no function {name}")
    start, size = functions["helper_vmrun"]
    at = file_offset(program, start)
    delivery, _ = functions["do_interrupt_x86_hardirq"]
    place = at + store_to_drop(bytes(program[at : at + size]), start, delivery)
    start, size = functions["cpu_interrupt"]
    at = file_offset(program, start)
    assertion = at + jump_to_drop(bytes(program[at : at + size]))
    program[assertion : assertion + len(NO_OPERATIONS)] = NO_OPERATIONS
    program[place : place + len(NO_OPERATION)] = NO_OPERATION
    return place


def main():
    path = sys.argv[1]
    with open(path, "rb") as file:
        program = bytearray(file.read())
    try:
        place = mend(program)
    except NotFound as why:
        print(f"the emulator is not mended: {why}")
        sys.exit(3)
    with open(path, "wb") as file:
        file.write(program)
    print(f"the emulator is mended at byte {place:#x}")


if __name__ == "__main__":
    main()

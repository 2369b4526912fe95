#!/usr/bin/env python3
"""Prints the frequency of this machine's time stamp counter, in kHz, or nothing where it cannot be had.

The emulator gives its guest this counter as it is. A kernel that measures it there on a busy machine may find
it several times too slow: where PIT and HPET disagree it believes the PIT. Its clock is too fast then, and
whatever it waits for is given up too early. Source: Linux arch/x86/kernel/tsc.c,
pit_hpet_ptimer_calibrate_cpu(); QEMU system/cpu-timers.c, cpu_get_ticks().
"""

import ctypes
import mmap
import sys
import time

READ = bytes.fromhex("0f31 48c1e220 4809d0 c3")  # rdtsc; shl $32,%rdx; or %rdx,%rax; ret
TRIES = 2000
APART = 0.25  # Seconds; a read is known to about a microsecond.


def moment(counter):
    """(nanoseconds, count) of one moment: of many tries the one that the machine interrupted least."""
    best = None
    for _ in range(TRIES):
        before = time.monotonic_ns()
        count = counter()
        after = time.monotonic_ns()
        if best is None or after - before < best[0]:
            best = after - before, (before + after) // 2, count
    return best[1:]


def main():
    try:
        code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError as why:
        print(f"the time stamp counter is not measured: {why}", file=sys.stderr)
        return
    code.write(READ)
    place = ctypes.addressof(ctypes.c_char.from_buffer(code))
    counter = ctypes.CFUNCTYPE(ctypes.c_uint64)(place)
    first_time, first = moment(counter)
    time.sleep(APART)
    second_time, second = moment(counter)
    print(round((second - first) * 1_000_000 / (second_time - first_time)))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Starts one guest below Tenon and below QEMU, again and again, and compares. Runs in the virtual host.

    starts.py [--rounds N] ADDRESS

Same host, kernel, initrd, kernel command line, memory and device; the three take turns, and each round
begins with another one. Measured are the time from exec to the first instruction of the guest's kernel,
the time from exec to the first line of the guest's init, the memory of the process that is not the
guest's at that time, and the system calls until then (counted in a start of their own, which strace
slows down). docs/measuring.md says more.
"""

import argparse
import mmap
import os
import pathlib
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import marked_kernel

MEMORY = 256 << 20
WORDS = "console=ttyS0 quiet panic=-1 tenon.test=interrupts"
INIT_MARK = b"@@"
LIMIT = 180.0
LIMIT_TRACED = 900.0  # Each system call stops the program twice.


def tenon(kernel, words, address):
    return [os.environ["TENON"], "run", "--kernel", kernel, "--initrd", os.environ["TENON_GUEST_INITRD"],
            "--memory", "256M", "--append", words, "--device", address]


def qemu(firmware):
    # The emulator is a script; what it would exec is run at once, so that its start is not counted.
    root = pathlib.Path(os.environ["TENON_EMULATOR"]).resolve().parent / "root"
    libraries = root / "usr/lib/x86_64-linux-gnu"
    program = [root / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", libraries,
               "--argv0", "qemu-system-x86_64", root / "usr/bin/qemu-system-x86_64",
               "-L", root / "usr/share/qemu", "-L", root / "usr/share/seabios"]

    def command(kernel, words, address):
        return [*map(str, program), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                *firmware, "-M", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256M", "-smp", "1",
                "-object", "iommufd,id=iommufd0", "-device", "pcie-root-port,id=p1,chassis=1,slot=1",
                "-device", f"vfio-pci,host={address},bus=p1,iommufd=iommufd0",
                "-kernel", kernel, "-initrd", os.environ["TENON_GUEST_INITRD"], "-append", words,
                "-serial", "stdio"]
    return command


MACHINES = {
    "tenon": tenon,
    "QEMU with qboot": qemu(["-bios", "qboot.rom"]),
    "QEMU with SeaBIOS": qemu([]),
}


def wash_memory():
    """Writes over the memory that guests have left, before the next one gets it.

    The emulated processor stores slowly where code was executed from before: without this, loading a kernel
    into such memory takes ten times as long, below every VMM.
    """
    populate_write = 23  # MADV_POPULATE_WRITE
    with mmap.mmap(-1, 2 * MEMORY, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        memory.madvise(populate_write)


class Start:
    """A guest that was started, until a mark comes out of its console."""

    def __init__(self, command, mark, limit=LIMIT):
        wash_memory()
        begun_out, begun_in = os.pipe()
        # The last thing before exec, in the new process.
        stamp = lambda: os.write(begun_in, struct.pack("d", time.monotonic()))
        self.messages = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.messages, preexec_fn=stamp, bufsize=0)
        begun, = struct.unpack("d", os.read(begun_out, 8))
        os.close(begun_in)
        os.close(begun_out)
        self.seconds = self._wait_for(mark, limit) - begun

    def _wait_for(self, mark, limit):
        seen, end = b"", time.monotonic() + limit
        while mark not in seen:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                self._fail("no sign of life in time", seen)
            more = os.read(self.process.stdout.fileno(), 65536)
            now = time.monotonic()
            if not more:
                self._fail("it ended", seen)
            seen += more
        return now

    def _fail(self, why, seen):
        self.process.kill()
        self.messages.seek(0)
        sys.exit(f"{self.process.args[0]}: {why}\n{seen[-2000:].decode(errors='replace')}\n"
                 f"{self.messages.read().decode(errors='replace')}")

    def memory(self):
        """Bytes in memory of the process beside the guest's, which its device keeps there as a whole."""
        process = pathlib.Path(f"/proc/{self.process.pid}")
        kinds = {name: int(size) << 10 for name, size in
                 re.findall(r"^(Rss\w+):\s+(\d+) kB", (process / "status").read_text(), re.M)}
        shared = any(int(last, 16) - int(first, 16) >= MEMORY // 2 for first, last in
                     re.findall(r"^(\w+)-(\w+) ...s", (process / "maps").read_text(), re.M))
        if shared:  # The guest's memory is a file in memory, and nothing else of the size is.
            return kinds["RssAnon"] + kinds["RssFile"]
        return sum(kinds.values()) - MEMORY

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.messages.close()


def count_calls(command):
    """System calls of all threads from exec to the first line of the guest's init."""
    with tempfile.NamedTemporaryFile() as log:
        start = Start(["strace", "-f", "-qq", "-o", log.name, *command], INIT_MARK, LIMIT_TRACED)
        text = pathlib.Path(log.name).read_text(errors="replace")
        # strace leaves its children alone when it is ended itself.
        children = set(re.findall(r"^(\d+)", text, re.M))
        for child in children:
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                pass
        start.end()
    return sum(1 for line in text.splitlines()
               if " resumed>" not in line and not re.match(r"^\d+ +(\+\+\+|---)", line))


def numbers(values, unit, scale=1.0):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{low * scale:9.3f} {middle * scale:9.3f} {high * scale:9.3f} {unit}"


def report(title, results, unit, goal, scale=1.0):
    print(f"\n{title}\n{'':32}{'min':>9} {'median':>9} {'max':>9}")
    for name, values in results.items():
        print(f"  {name:30}{numbers(values, unit, scale)}")
    ours = results["tenon"]
    for name, values in results.items():
        if name == "tenon":
            continue
        ratios = [a / b for a, b in zip(ours, values)]
        met = "met" if statistics.median(ratios) <= goal else "MISSED"
        print(f"  {'tenon / ' + name:30}{numbers(ratios, '')} goal {goal}: {met}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("address")
    options = parser.parse_args()
    kernel = os.environ["TENON_GUEST_VMLINUX"]
    with tempfile.NamedTemporaryFile(suffix=".vmlinux") as marked:
        sys.argv[1:] = [kernel, marked.name]
        marked_kernel.main()
        first, init, memory = ({name: [] for name in MACHINES} for _ in range(3))
        names = list(MACHINES)
        # A round before the first fills the page cache with programs and kernels.
        for number in range(-1, options.rounds):
            turn = names[number % len(names):] + names[:number % len(names)]
            for name in turn:
                start = Start(MACHINES[name](marked.name, WORDS, options.address), marked_kernel.MARK)
                if number >= 0:
                    first[name].append(start.seconds)
                start.end()
            for name in turn if number >= 0 else ():
                start = Start(MACHINES[name](kernel, WORDS, options.address), INIT_MARK)
                init[name].append(start.seconds)
                memory[name].append(start.memory())
                start.end()
        report("Exec to the first instruction of the guest's kernel", first, "s", 0.1)
        report("Exec to the first line of the guest's init", init, "s", 0.7)
        report("Memory beside the guest's", memory, "MiB", 0.1, 1 / (1 << 20))
        calls = {name: [count_calls(make(kernel, WORDS, options.address))]
                 for name, make in MACHINES.items()}
        report("System calls until then", calls, "", 0.1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Plugs one device into a running guest below Tenon and below QEMU, and takes it away again, by turns.

    plugs.py [--rounds N] ADDRESS

Same host, kernel, initrd, kernel command line, memory and device; one guest each, both with native PCI Express
hot-plug. Measured are the time from `device_add` until it is answered, and until the guest has read from its disk;
and of a removal what the guest does not wait: from `device_del` to DEVICE_DELETED, less the five seconds in which
Linux waits for a second press of the button. docs/measuring.md says more.
"""

import argparse
import json
import os
import pathlib
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import starts

WORDS = "console=ttyS0 quiet panic=-1 tenon.test=agent"
LIMIT = 180.0
BUTTON = 5.0  # Source: Linux drivers/pci/hotplug/pciehp_ctrl.c, pciehp_handle_button_press().
# The node is there before it can be read; who looks too often takes the one processor from who plugs.
READY = ("until [ -b /dev/nvme0n1 ] && dd if=/dev/nvme0n1 of=/dev/null bs=512 count=1 2>/dev/null; "
         "do usleep 20000; done")


def tenon(folder):
    return [os.environ["TENON"], "run", "--kernel", os.environ["TENON_GUEST_VMLINUX"], "--initrd",
            os.environ["TENON_GUEST_INITRD"], "--memory", "256M", "--append", WORDS, "--port", "p1",
            "--control", f"{folder}/socket"]


def qemu(folder):
    whole = starts.qemu(["-bios", "qboot.rom"])(os.environ["TENON_GUEST_VMLINUX"], WORDS, "none")
    device = whole.index(next(word for word in whole if word.startswith("vfio-pci")))
    del whole[device - 1:device + 1]
    return [*whole, "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
            "-qmp", f"unix:{folder}/socket,server=on,wait=off"]


MACHINES = {
    "tenon": (tenon, {}),
    "QEMU": (qemu, {"iommufd": "iommufd0"}),
}


class Guest:
    """A guest with an agent on its console, and its control socket."""

    def __init__(self, command, more):
        self.more = more
        self.folder = tempfile.TemporaryDirectory()
        self.messages = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command(self.folder.name), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.messages, bufsize=0)
        self.seen = b""
        self.wait_for(b"agent: ready")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(f"{self.folder.name}/socket")
        self.lines = self.socket.makefile("rw")
        self.lines.readline()
        self.execute("qmp_capabilities", {})

    def fail(self, why):
        self.process.kill()
        self.messages.seek(0)
        sys.exit(f"{self.process.args[0]}: {why}\n{self.seen[-2000:].decode(errors='replace')}\n"
                 f"{self.messages.read().decode(errors='replace')}")

    def wait_for(self, mark):
        end = time.monotonic() + LIMIT
        while mark not in self.seen:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                self.fail("no sign of life in time")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                self.fail("it ended")
            self.seen += more
        self.seen = self.seen.split(mark, 1)[1]

    def message(self):
        line = self.lines.readline()
        return json.loads(line) if line else self.fail("its control socket ended")

    def execute(self, command, arguments):
        print(json.dumps({"execute": command, "arguments": arguments}), file=self.lines, flush=True)
        while True:
            answer = self.message()
            if "error" in answer:
                self.fail(answer["error"]["desc"])
            if "return" in answer:
                return

    def plug(self, address):
        # Asked for before: the guest looks as soon as there may be something.
        self.process.stdin.write(READY.encode() + b"\n")
        begun = time.monotonic()
        self.execute("device_add", {"driver": "vfio-pci", "host": address, "bus": "p1", "id": "disk", **self.more})
        answered = time.monotonic()
        self.wait_for(b"agent: 0")
        return answered - begun, time.monotonic() - begun

    def unplug(self):
        begun = time.monotonic()
        self.execute("device_del", {"id": "disk"})
        while self.message().get("event") != "DEVICE_DELETED":
            pass
        taken = time.monotonic() - begun - BUTTON
        # Of QEMU the file of the device is closed a little later.
        time.sleep(1)
        return taken

    def end(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("address")
    options = parser.parse_args()
    answers, plugs, unplugs = ({name: [] for name in MACHINES} for _ in range(3))
    guests = {name: Guest(*made) for name, made in MACHINES.items()}
    # A round before the first lets the guests have their drivers ready.
    for number in range(-1, options.rounds):
        for name, guest in guests.items():
            (answered, plugged), unplugged = guest.plug(options.address), guest.unplug()
            if number >= 0:
                answers[name].append(answered)
                plugs[name].append(plugged)
                unplugs[name].append(unplugged)
    for guest in guests.values():
        guest.end()
    starts.report("device_add until it is answered", answers, "s", 0.5)
    starts.report("device_add until the guest has read its disk", plugs, "s", 0.5)
    starts.report("Removal, without the guest's five seconds", unplugs, "s", 0.5)


if __name__ == "__main__":
    main()

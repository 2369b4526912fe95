"""What `tenon check` reads in configurations, in a form in which two can be compared, and what libvirt makes of its own."""

import json
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What is compared of a function of the guest.
FIELDS = ("address", "driver", "host", "multifunction", "found")


def read(program, text, folder=None):
    """The guest that `check` finds in the text: machine, CPU, functions, traps, and what it does not know."""
    done = subprocess.run([program, "check", "--json", "-"], input=text, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode not in (0, 1):
        return {"unreadable": done.stderr}
    found = json.loads(done.stdout)
    functions = [[bus["name"]] + [one[field] for field in FIELDS] for bus in found["buses"] for one in bus["functions"]]
    return {"machine": found["machine"], "cpu": found["cpu"], "functions": sorted(functions, key=str),
            "traps": sorted(finding["trap"] for finding in found["findings"]), "unknown": found["unknown"]}


def difference(one, other):
    """The first thing that two guests have otherwise, in words; none: nothing."""
    for key in one.keys() | other.keys():
        first, second = one.get(key), other.get(key)
        if isinstance(first, list) and isinstance(second, list):
            first, second = ([line for line in a if line not in b] for a, b in ((first, second), (second, first)))
        if first != second:
            return f"{key}:\n  {first}\n  {second}"
    return None


def emulator():
    """QEMU of the virtual host; none: it is not there yet."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tenon"
    program = cache / "emulator-mended-2/qemu-system-x86_64"
    return program if program.exists() else None


def for_libvirt(domain):
    """The domain without what the machine below may lack: KVM, huge pages set aside, nodes."""
    domain = domain.replace("type='kvm'", "type='qemu'").replace("mode='host-passthrough'", "mode='maximum'")
    domain = re.sub("<memoryBacking>.*</memoryBacking>|<numatune>.*</numatune>|<maxphysaddr[^>]*/>", "", domain)
    return domain.replace("<devices>", f"<devices><emulator>{emulator()}</emulator>", 1)


def commands_of_libvirt(domains):
    """Of each domain the command by which libvirt would run it, or "REFUSED: …"; none: libvirt cannot be had here."""
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / f"{number}.xml" for number in range(len(domains))]
        for file, domain in zip(files, domains):
            file.write_text(domain)
        done = subprocess.run([ROOT / "lab/libvirt.sh", *files], capture_output=True, text=True, check=False)
    if done.returncode == 69:
        print(done.stderr)
        return None
    lines = done.stdout.splitlines()
    return lines if len(lines) == len(domains) else [f"REFUSED: status {done.returncode}: {done.stderr}"] * len(domains)


def as_libvirt_runs_it(guest, command):
    """Both guests without what their forms cannot have in common: names of CPUs, and of machines without a version."""
    for one in (guest, command):
        one.pop("cpu", None)
        one.pop("machine", None)
        for function in one.get("functions", []):
            # A command that goes through iommufd names no function of the host.
            if any("iommufd" in str(note) for note in command.get("unknown", [])) or \
               all(other[FIELDS.index("host") + 1] is None for other in command.get("functions", [])):
                function[FIELDS.index("host") + 1] = None
            function[FIELDS.index("driver") + 1] = function[FIELDS.index("driver") + 1].removesuffix("-pci")
    return guest, command

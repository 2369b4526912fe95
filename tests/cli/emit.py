#!/usr/bin/env python3
"""What `tenon plan --emit MANAGER` prints, as others read it.

    emit.py PROGRAM CASE
"""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import guests

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv[1]
CAPTURES = sorted((ROOT / "tests/captures").glob("*.lspci"))

# Options of `plan` behind a device, and beside it.
VARIANTS = [
    ("", []),
    (",ats=off,rom=off,port=a", ["--port", "a,hotplug=off,mem=64M,pref64=1G"]),
    (",reset=none,on-error=detach", ["--memory", "2G,hugepages=1G", "--cpus", "4"]),
    ("", ["--port", "spare,pref64=1G", "--viommu", "pasid"]),
    ("", ["--viommu", "vtd", "--target", "qemu"]),
    ("", ["--target", "qemu,place=root-bus"]),
    ("", ["--target", "qemu,place=conventional"]),
    (",rom=off", ["--target", "qemu-11.0,place=pc"]),
]

# What is found, as the configuration says itself, where somebody asked for such a place.
OF_PLACES = {"root-bus", "conventional-bus"}


def has_place(name):
    return "place=" in name


def emit(manager, capture, variant):
    keys, options = variant
    return subprocess.run([PROGRAM, "plan", "--emit", manager, *options, f"{capture}{keys}"], capture_output=True,
                          text=True, check=False)


def outputs(manager):
    """Each output with its name; those that were refused are errors."""
    for capture in CAPTURES:
        for variant in VARIANTS:
            done = emit(manager, capture, variant)
            name = f"{manager} of {capture.name}{variant[0]} {' '.join(variant[1])}"
            yield name, done.stdout if done.returncode in (0, 1) else f"FAILED {done.stderr}"


def nothing_is_found_in(manager, suffix):
    for name, text in outputs(manager):
        with tempfile.NamedTemporaryFile("w", suffix=suffix) as file:
            file.write(text)
            file.flush()
            done = subprocess.run([PROGRAM, "check", "--json", file.name], capture_output=True, text=True, check=False)
        found = json.loads(done.stdout) if done.returncode in (0, 1) else {"findings": [{"trap": "unreadable"}], "unknown": []}
        if {finding["trap"] for finding in found["findings"]} - (OF_PLACES if has_place(name) else set()):
            yield f"{name}: exit status {done.returncode}\n{text}{done.stdout}{done.stderr}"
            continue
        for note in found["unknown"]:
            yield f"{name}: not understood: {note}\n{text}"


def check_finds_nothing():
    """A configuration that was written has no finding, and no word that is not known."""
    yield from nothing_is_found_in("qemu", ".sh")
    yield from nothing_is_found_in("libvirt", ".xml")
    yield from nothing_is_found_in("proxmox", ".conf")
    yield from nothing_is_found_in("kubevirt", ".yaml")


def xml_follows_the_schema():
    """A domain is one by libvirt's own schema."""
    schema = pathlib.Path("/usr/share/libvirt/schemas/domain.rng")
    if not schema.exists() or not shutil.which("xmllint"):
        print("SKIPPED: libvirt0, for libvirt's schema, or libxml2-utils is not installed")
        sys.exit(77)
    knows_iommufd = "iommufd" in (schema.parent / "domaincommon.rng").read_text()
    compared = 0
    for name, text in outputs("libvirt"):
        if "iommufd='yes'" in text and not knows_iommufd:
            continue
        done = subprocess.run(["xmllint", "--noout", "--relaxng", schema, "-"], input=text, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            yield f"{name}: {done.stderr}\n{text}"
        compared += 1
    if compared < len(CAPTURES):
        yield f"only {compared} domains were compared"


def libvirt_runs_what_was_planned():
    """libvirt itself takes each domain, and the command that it makes of it is the same guest, with nothing to be found."""
    if guests.emulator() is None:
        print("SKIPPED: the emulator of the virtual host is not there yet: lab/boot.sh gets it")
        sys.exit(77)
    texts = {name: guests.for_libvirt(text) for name, text in outputs("libvirt")}
    commands = guests.commands_of_libvirt(list(texts.values()))
    if commands is None:
        sys.exit(77)
    for (name, text), command in zip(texts.items(), commands):
        if command.startswith("REFUSED"):
            yield f"{name}: {command}\n{text}"
            continue
        planned, run = guests.as_libvirt_runs_it(guests.read(PROGRAM, text), guests.read(PROGRAM, command))
        traps = set(run.get("traps", ["unreadable"])) - (OF_PLACES if has_place(name) else set())
        told = guests.difference(planned, run) or (traps and f"findings: {traps}")
        if told:
            yield f"{name}: differs in {told}\n{text}\n{command}"
    print(f"{len(texts)} domains")


def qemu_takes_the_command():
    """QEMU itself starts with the ports, the memory and the vIOMMU, and knows every property of a function."""
    emulator = guests.emulator()
    if emulator is None:
        print("SKIPPED: the emulator of the virtual host is not there yet: lab/boot.sh gets it")
        sys.exit(77)

    def run(*words):
        return subprocess.run([emulator, *words], input="quit\n", capture_output=True, text=True, check=False)

    properties = set(re.findall(r"^  ([\w-]+)=", run("-device", "vfio-pci,help").stdout, re.MULTILINE))
    for variant in VARIANTS:
        text = emit("qemu", CAPTURES[0], variant).stdout
        words = shlex.split(re.sub("^#.*|\\\\$", "", text, flags=re.MULTILINE))[1:]
        # What this machine may lack, and functions of another.
        kept = ["-display", "none", "-S", "-monitor", "stdio"]
        for option, value in zip(words[1::2], words[2::2]):
            if value.startswith("vfio-pci,"):
                for name in re.findall(r",([\w-]+)=", value):
                    if name not in properties | {"bus", "id"}:
                        yield f"{variant}: QEMU has no property {name} of a function"
            elif not value.startswith("iommufd,"):
                value = value.replace("accel=kvm", "accel=tcg").replace(",hugetlb=on,hugetlbsize=1G,prealloc=on", "")
                kept += [option, value.replace("host", "max", 1) if option == "-cpu" else value]
        done = run(words[0], *kept)
        if done.returncode != 0:
            yield f"{variant}: {done.stderr}\n{text}"


def main():
    wrong = list(globals()[sys.argv[2]]())
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""What `tenon check` prints, of commands that have every kind of thing in them.

    check.py PROGRAM CASE
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import domains
import guests

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv[1]

COMMANDS = [
    "-M q35 -m 1G",
    "-M q35 -device vfio-pci,host=65:00.0 -device intel-iommu -frobnicate",
    "-M pc -device vfio-pci,host=65:00.0,x-vga=on -device virtio-balloon-pci -cpu host,kvm=off -cpu max",
    "-M q35 -device pcie-root-port,id=rp -device edu,bus=rp,addr=1 -device edu,bus=none -device strange",
    "-M q35 -device pcie-root-port,id=rp -device x3130-upstream,id=u,bus=rp -device pxb-pcie,id=x,bus_nr=9 "
    "-device xio3130-downstream,id=d,bus=u,chassis=1 -device vfio-pci,fd=3,bus=d -device pcie-pci-bridge,id=b",
]


HOSTDEV = ("<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='0x65' slot='0' "
           "function='0'/></source>{}</hostdev>")
DOMAIN = ("<domain type='kvm'><memory unit='GiB'>4</memory><os><type machine='q35'>hvm</type></os>{}<devices>{}</devices>"
          "</domain>")
TEXTS = [
    DOMAIN.format("", HOSTDEV.format("")),
    DOMAIN.format("<memtune><hard_limit unit='GiB'>4</hard_limit></memtune><features><kvm><hidden state='on'/></kvm></features>",
                  HOSTDEV.format("<address type='pci' bus='0' slot='9'/>") + "<iommu model='intel'/><gizmo/>"),
    "machine: q35\nhostpci0: 01:00.0\n",
    "apiVersion: kubevirt.io/v1\nspec:\n  domain: {machine: {type: pc}, devices: {gpus: [{name: a, deviceName: b}]}}\n",
]


def check(*words, text=None):
    return subprocess.run([PROGRAM, "check", *words], capture_output=True, text=True, input=text, check=False)


def json_follows_the_schema():
    """Each is an object by docs/check.schema.json, and the exit status says whether it has findings."""
    try:
        import jsonschema
    except ImportError:
        print("SKIPPED: python3-jsonschema is not installed")
        sys.exit(77)
    validator = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/check.schema.json").read_text()))
    runs = [(command, check("--json", "--", "kvm", *command.split())) for command in COMMANDS]
    runs += [(text, check("--json", "-", text=text)) for text in TEXTS]
    for command, done in runs:
        found = json.loads(done.stdout)
        for error in validator.iter_errors(found):
            yield f"{command}: at {'/'.join(map(str, error.path))}: {error.message}"
        if done.returncode != (1 if found["findings"] else 0):
            yield f"{command}: exit status {done.returncode} with {len(found['findings'])} findings"


def text_has_what_json_has():
    """What stands in JSON is in the text as well, line ends aside."""
    for command in COMMANDS:
        found = json.loads(check("--json", "--", "kvm", *command.split()).stdout)
        text = " ".join(check("--", "kvm", *command.split()).stdout.split())
        for finding in found["findings"]:
            for words in (finding["what"], finding["why"], finding["change"], *finding["paste"]):
                if " ".join(words.split()) not in text:
                    yield f"{command}: the text lacks: {words}"


def proxmox_is_read_as_what_it_runs():
    """Of each pair of golden/proxmox the .conf is the guest that `qm showcmd`'s command of it, the .cmd, is."""
    folder = ROOT / "tests/golden/proxmox"
    pairs = sorted(folder.glob("*.conf"))
    if len(pairs) < 12:
        yield f"only {len(pairs)} pairs are there"
    for pair in pairs:
        conf, command = (guests.read(PROGRAM, file.read_text(), folder) for file in (pair, pair.with_suffix(".cmd")))
        # Proxmox has its own version in the machine's name, and bridges that no device of the host is behind.
        command["machine"] = command["machine"].removesuffix("+pve0")
        for one in (conf, command):
            one["functions"] = [line for line in one["functions"] if not line[2].endswith("-bridge")]
        told = guests.difference(conf, command)
        if told:
            yield f"{pair.stem}: the .conf and the .cmd differ in {told}"


def libvirt_places_devices_so():
    """Devices without an address are where libvirt itself puts them."""
    if guests.emulator() is None:
        print("SKIPPED: the emulator of the virtual host is not there yet: lab/boot.sh gets it")
        sys.exit(77)
    texts = {name: guests.for_libvirt(text) for name, text in domains.DOMAINS.items()}
    commands = guests.commands_of_libvirt(list(texts.values()))
    if commands is None:
        sys.exit(77)
    compared = 0
    for (name, text), command in zip(texts.items(), commands):
        if command.startswith("REFUSED"):
            yield f"{name}: {command}\n{text}"
            continue
        of_xml, of_command = guests.as_libvirt_runs_it(guests.read(PROGRAM, text), guests.read(PROGRAM, command))
        # One that libvirt adds is no finding in a domain, which does not name it.
        of_command["traps"] = [trap for trap in of_command["traps"] if trap != "balloon" or "<memballoon" in text]
        told = guests.difference(of_xml, of_command)
        if told:
            yield f"{name}: the domain and libvirt's command of it differ in {told}\n{text}"
        compared += 1
    print(f"{compared} domains compared")


def the_page_shows_what_is_printed():
    """The example of docs/users/check-qemu.md is what the program prints."""
    page = (ROOT / "docs/users/check-qemu.md").read_text()
    example = re.search(r"```text\n\$ tenon check -- (.*?)\n(.*?)…\n```", page, re.DOTALL)
    printed = check("--", *example[1].split()).stdout
    if not printed.startswith(example[2]):
        yield f"the page has\n{example[2]}\nand the program prints\n{printed}"


def many_devices_are_placed():
    """A guest of 200 devices: each function is below its own port."""
    words = ["-M", "q35", "-nodefaults"]
    for number in range(100):
        words += ["-device", f"pcie-root-port,id=rp{number},chassis={number % 256},addr={number // 8 + 1:x}.{number % 8}"
                  + (",multifunction=on" if number % 8 == 0 else "")]
        words += ["-device", f"vfio-pci,host={number + 1:x}:00.0,bus=rp{number}"]
    functions = "".join(HOSTDEV.replace("0x65", f"0x{number + 1:x}").format("") for number in range(100))
    domain = DOMAIN.format("<cpu mode='host-passthrough'/>", functions)
    for done in (check("--", "kvm", *words), check("-", text=domain)):
        if done.returncode != 0:
            yield f"exit status {done.returncode}: {done.stdout[-2000:]}{done.stderr}"
        shown = sum("host 0000:" in line for line in done.stdout.splitlines())
        if shown != 100:
            yield f"{shown} functions instead of 100"


def hostile_inputs_end():
    """Whatever stands in a file, the program ends by itself, with 0, 1 or 2."""
    inputs = ["", "\0" * 1000, "'" * 999, "kvm " + "-device a " * 20000, "kvm -device " + "{" * 5000,
              "kvm -device " + "," * 100000, "kvm -m " + "9" * 5000, "kvm -set a.b.c=d -global a.b=c -readconfig /",
              "kvm -device edu,addr=99999999999999999999 -M q35-" + "9" * 99 + ".9", "kvm -readconfig /dev/zero",
              "kvm " + "".join(f"-device pcie-root-port,id=p{n},bus=p{n - 1} " for n in range(1500)),
              "kvm -M q35 -device edu,bus=" + "a/" * 5000, "kvm -cpu " + "a,+" * 3000, "qemu-system-x86_64 -device",
              "machine: q35\n" * 5000, "hostpci0: " + "01:00;" * 9000, "cpu: " + "flags=+a;" * 5000 + "\nargs: '",
              "hostpci0: \x1b[31m;01:00\nx: \x9b\nargs: -device edu,id=\x1b[2J", "machine: " + "=" * 9999,
              "kvm -device \x1b[31mx,id=\x9b2J -device vfio-pci,host=::::....", "kvm -device '{\"driver\":\"\\u0000\"}'",
              "<domain>" * 50000, "<domain " + "a='b' " * 50000 + "/>", "<domain><devices>" + "<hostdev type='pci'/>" * 50000,
              "<!DOCTYPE a [<!ENTITY a 'aaa'><!ENTITY b '&a;&a;'>]>\n<domain>&b;</domain>", "<domain type='xen'/>",
              "<domain><name>\x1b[31m</name><devices><\x9b/></devices></domain>", DOMAIN.format("", HOSTDEV.format("") * 5000),
              "apiVersion: kubevirt.io/v1\n" + "[" * 50000, "apiVersion: kubevirt.io/v1\nspec: &a {domain: *a}\n",
              "apiVersion: kubevirt.io/v1\n" + "? " * 20000, "apiVersion: kubevirt.io/v1\nspec: {domain: {devices: 5}}\n"]
    for text in inputs:
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
            file.write(text)
            file.flush()
            done = check(file.name)
        if done.returncode not in (0, 1, 2):
            yield f"{text[:60]!r}: exit status {done.returncode}: {done.stderr[-1000:]}"
        if done.returncode == 2 and not done.stderr.startswith("tenon: "):
            yield f"{text[:60]!r}: no error is told"
        if any(ord(letter) < 0x20 and letter != "\n" for letter in done.stdout):
            yield f"{text[:60]!r}: a control character is printed"


def main():
    wrong = list(globals()[sys.argv[2]]())
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

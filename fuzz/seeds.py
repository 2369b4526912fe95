#!/usr/bin/env python3
"""Writes seeds for the fuzzers: seeds.py FUZZER FOLDER

Captures are in tests/captures, and in $TENON_CAPTURES or ../shared/captures beside the sources. The
fuzzer of guest accesses gets their configuration spaces, with and without PASIDs on both sides, and noise as
guests, that of IOMMUs noise alone; others what the documentation and the tests show of their form.
"""

import gzip
import io
import lzma
import os
import pathlib
import random
import re
import struct
import sys
import tarfile

SOURCE = pathlib.Path(__file__).resolve().parents[1]
ROW = re.compile(r"^[0-9a-f]{2,3}: ((?:[0-9a-f]{2} ?){16})$", re.MULTILINE)


def captures(pattern):
    shared = pathlib.Path(os.environ.get("TENON_CAPTURES", SOURCE.parent / "shared" / "captures"))
    for folder in (SOURCE / "tests" / "captures", shared):
        if folder.is_dir():
            yield from sorted(folder.glob(pattern))


def texts():
    for file in captures("*.lspci"):
        yield file.read_bytes()
    for content in sorted(set(blobs()), key=len)[:4]:
        yield from pastes(content)
    for listing in LISTINGS:
        yield listing.encode()


# What people paste that has words and no bytes.
LISTINGS = (
    "00:01.0 PCI bridge [0604]: A [8086:1901] (rev 07) (prog-if 00 [Normal decode])\n"
    "\tBus: primary=00, secondary=01, subordinate=02, sec-latency=0\n"
    "\tCapabilities: [40] Express (v2) Root Port (Slot+), IntMsgNum 0\n\t\tLnkCap:\tPort #1, Speed 8GT/s, Width x16\n"
    "\t\t\t AtomicOpsCap: Routing- 32bit+ 64bit+ 128bitCAS+\n\tCapabilities: [100 v1] Access Control Services\n\n"
    "01:00.0 Ethernet controller: B\n\tFlags: bus master, IRQ 16, NUMA node 0, IOMMU group 31\n"
    "\tRegion 0: Memory at dd000000 (64-bit, prefetchable) [size=8M]\n\tKernel driver in use: vfio-pci\n",
    "IOMMU Group 1:\n\t00:01.0 PCI bridge [0604]: A [8086:1901]\n\t01:00.0 Audio device [0403]: B [10de:10f0]\n",
    "IOMMU group 1:\t[8086:1901] 00:01.0 PCI bridge: A (rev 07)\n\t[10de:1b81] [R] 01:00.0  VGA compatible controller  B\n",
    "/sys/kernel/iommu_groups/1/devices:\n0000:00:01.0  0000:01:00.0\n\n"
    "lrwxrwxrwx 1 root root 0 Dec  1 10:00 0000:01:00.0 -> ../../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0\n",
    "-[0000:00]-+-00.0  A Host Bridge\n           +-01.0-[01-02]--+-00.0  B\n           |               \\-00.1  C\n",
    "0000:01:00.0 'X710 1572' drv=vfio-pci unused=i40e\n0000:01:00.1 'X710 1572' if=e1 drv=i40e unused= *Active*\n",
    '01:00.0 "0300" "10de" "1b80" -ra1 -p00 "1458" "3702"\nSlot:\t01:00.1\nClass:\t0403\nVendor:\t10de\nDevice:\t10f0\n',
    "[    1.3] pci 0000:01:00.0: [10de:1b81] type 00 class 0x030000\n[    1.4] pci 0000:01:00.0: Adding to iommu group 1\n"
    "[    9.0] genirq: Flags mismatch irq 16. 00000000 (vfio-intx(0000:01:00.0)) vs. 00000080 (ehci_hcd:usb1)\n",
)


def pastes(content):
    """The bytes of a function as programs print them and people paste them."""
    def rows(form, width=1, turned=False):
        for at in range(0, len(content), 16):
            row = content[at:at + 16]
            groups = [row[n:n + width][::-1 if turned else 1].hex() for n in range(0, 16, width)]
            yield form.format(at, " ".join(groups))

    lspci = ["0000:65:00.0 NVMe", "\tRegion 0: Memory at fc900000 (64-bit) [size=16K]", *rows("{:02x}: {}")]
    kernel = ["pci 0000:65:00.0: config space:", *rows("{:08x}: {}")]
    for lines in (lspci, rows("{:08x}: {}  ....", 2), [*rows("{:07x} {}", 2, True), f"{len(content):07x}"],
                  [*rows("{:07o} {}", 4, True), f"{len(content):07o}"], rows("{:08x}  {}  |..|"),
                  [content.hex()[n:n + 60] for n in range(0, 2 * len(content), 60)],
                  [f"[    1.000000] {line}" for line in kernel], [f"> {line}" for line in lspci],
                  [f"Dec 01 11:11:11 host kernel: {line}" for line in kernel],
                  [f"&gt; {line}<br>" for line in lspci], [f"{n}: {line}" for n, line in enumerate(lspci, 1)],
                  [f"{line[:40]}=\n{line[40:]}=20" for line in lspci], [f"+{line}" for line in lspci]):
        yield "\n".join(lines).encode() + b"\n"
    yield "\r\n".join(lspci).encode("utf-16")


def blobs():
    for file in captures("*.lspci"):
        for function in re.split(r"\n\n+", file.read_text()):
            content = bytes.fromhex("".join(ROW.findall(function)))
            if len(content) in (64, 256, 4096):
                yield content


def documents():
    for file in captures("*.json"):
        yield file.read_bytes()


def guests():
    """A function of each kind (fuzz/guest_access.cpp) and a guest that does anything."""
    source = random.Random(1)
    for size in (100, 400, 1600, 2400):
        yield b"\0" + source.randbytes(size)
    for number, content in enumerate(sorted(set(blobs()))):
        kind = 1 | (number % 2) << 1
        yield bytes([kind]) + len(content).to_bytes(2, "little") + content + source.randbytes(400)


def in_pieces(text):
    """As fuzz/control_stream.cpp reads it: a byte in front of each piece."""
    content = text.encode()
    for at in range(0, len(content), 200):
        piece = content[at:at + 200]
        yield bytes([(len(piece) + 7) // 8]) + piece


def conversations():
    begin = '{"execute":"qmp_capabilities"}'
    commands = ['{"execute":"echo","arguments":{"text":"a"},"id":1}', '{"execute":"work"}{"execute":"query-x"}',
                '{"execute":"getfd","arguments":{"fdname":"one"}}', '{"execute":"echo","arguments":[]}', "}", "[[[[",
                '{"id":{"a":[1,2.5e3,"\\u0041",null,true]},"execute":"work","arguments":{"any":{}}}']
    yield b"".join(in_pieces(begin))
    for command in commands:
        yield b"".join(in_pieces(begin + command))
        yield b"".join(in_pieces(begin + command * 8))
    yield b"".join(in_pieces(" ".join([begin, *commands])))


def archive(members):
    """A tar archive; a member with a str is a link to that."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        end = tar.offset
    # Two empty blocks end it; the others are padding.
    return whole.getvalue()[:end] + bytes(2 * tarfile.BLOCKSIZE)


def zstd(content):
    """A frame of one block that is not compressed. Source: RFC 8878, 3.1.1."""
    return b"\x28\xb5\x2f\xfd\x00\x58" + (1 | len(content) << 3).to_bytes(3, "little") + content


def recordings():
    """Reports of a host: a copied sysfs, the text of lspci, /proc/bus/pci."""
    functions = sorted(set(blobs()), key=len)[:4]
    for number, config in enumerate(functions):
        port, slot = "report/sys/devices/pci0000:00/0000:00:01.0", f"0000:01:00.{number}"
        text = next(pastes(config))
        tree = {"report/sys/bus/pci/devices/" + slot: f"../../../devices/pci0000:00/0000:00:01.0/{slot}",
                port + "/config": functions[0], f"{port}/{slot}/config": config,
                f"{port}/{slot}/resource": b"0xfc900000 0xfc903fff 0x140204\n" + b"0x0 0x0 0x0\n" * 6,
                f"{port}/{slot}/driver": "../../../../bus/pci/drivers/vfio-pci",
                f"{port}/{slot}/iommu_group": "../../../../kernel/iommu_groups/7",
                f"report/sys/kernel/iommu_groups/7/devices/{slot}": f"../../../../devices/pci0000:00/{slot}",
                "report/proc/sys/kernel/osrelease": b"6.1.0-13\n"}
        texts_of = {"report/lspci.txt": text, "report/lspci.gz": gzip.compress(text),
                    "report/proc/bus/pci/01/00.0": config}
        for members in (tree, texts_of, tree | texts_of):
            yield archive(members)
        yield gzip.compress(archive(tree))
        yield lzma.compress(archive(texts_of))
        yield zstd(text)


def command_lines():
    """Those of the tests, and one with a file of -readconfig behind it."""
    folder = SOURCE / "src" / "managed"
    for file in sorted(folder.rglob("*_test.cpp")):
        text = re.sub(r'"\s*\n\s*R?"?\(?', "", file.read_text())
        for command in re.findall(r'((?:kvm|qemu-system-x86_64|-M) [^\n]*?)\)?"', text):
            begin = "kvm " if command.startswith("-M") else ""
            yield (begin + command.replace("\\n", "\n")).encode()
    yield (b"machine: q35,viommu=intel\ncpu: host,hidden=1,flags=+x;-y\nballoon: 0\nhostpci0: 01:00;02:00.1,pcie=1\n"
           b"args: -cpu max -set device.hostpci0.0.rombar=0\n[a]\nmachine: pc\n")
    yield b"/usr/bin/kvm\0-M\0q35\0-device\0edu,bus=no\0"
    yield b'kvm -readconfig a -set device.rp.x=1\n====\n[device "rp"]\n  driver = "pcie-root-port"\n'


DOMAIN = ("<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n<memory unit='GiB'>8</memory>\n"
          "<os firmware='efi'><type machine='q35'>hvm</type></os>\n<cpu mode='host-passthrough'/>\n{}<devices>\n{}"
          "</devices>\n</domain>\n")
HOSTDEV = ("<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x65' slot='0x00' "
           "function='0x{}'/></source>{}</hostdev>\n")
DEVICES = (
    "<controller type='pci' index='1' model='pcie-root-port'><model name='ioh3420'/><target chassis='1' port='0x8' "
    "hotplug='off'/><address type='pci' bus='0' slot='1' function='0' multifunction='on'/></controller>\n",
    "<controller type='pci' index='2' model='pcie-switch-upstream-port'/>\n<controller type='pci' index='3' "
    "model='pcie-switch-downstream-port'/>\n", "<controller type='pci' index='0' model='pcie-root'><pcihole64 "
    "unit='GiB'>64</pcihole64></controller>\n<controller type='pci' model='pcie-to-pci-bridge'/>\n",
    "<controller type='pci' index='4' model='pcie-expander-bus'><target busNr='64'><node>1</node></target></controller>\n",
    "<iommu model='intel'><driver intremap='on' caching_mode='on' aw_bits='48' iotlb='on'/></iommu>\n",
    "<video><model type='qxl'/></video><memballoon model='virtio'/><interface type='user'><model type='e1000'/></interface>",
    "<hostdev type='mdev' model='vfio-pci'><source><address uuid='c2ae8f55-51f8-4b9a-8f0f-0242ac120002'/></source></hostdev>",
    "<interface type='hostdev'><source><address type='pci' bus='0x3b' slot='2' function='1'/></source></interface>",
    "<memory model='virtio-mem'><target><size unit='GiB'>64</size><block unit='MiB'>2</block></target></memory>",
    HOSTDEV.format(1, "<driver name='vfio' iommufd='yes'/><rom bar='off' file='/a'/><alias name='ua-a'/>"))
BESIDE = (
    "<features><ioapic driver='qemu'/><kvm><hidden state='on'/></kvm><hyperv><relaxed state='on'/></hyperv></features>\n",
    "<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='edu,addr=9'/></qemu:commandline>\n",
    "<qemu:override><qemu:device alias='hostdev0'><qemu:frontend><qemu:property name='x-speed' type='signed' value='1'/>"
    "<qemu:property name='a' type='remove'/></qemu:frontend></qemu:device></qemu:override>\n",
    "<memtune><hard_limit unit='G'>8</hard_limit></memtune><memoryBacking><locked/></memoryBacking><iommufd enabled='yes'/>")


def domains():
    """Domains of libvirt: each part alone, and all of them."""
    for devices in (*DEVICES, "".join(DEVICES)):
        yield DOMAIN.format("", devices + HOSTDEV.format(0, "")).encode()
    for beside in (*BESIDE, "".join(BESIDE)):
        yield DOMAIN.format(beside, HOSTDEV.format(0, "<address type='pci' bus='0' slot='9'/>")).encode()
    yield b"<?xml version='1.0'?><!-- a -->\n<domstatus>" + DOMAIN.format("", "").encode() + b"</domstatus>"
    yield b"<!DOCTYPE a [<!ENTITY b 'c'>]><domain>&b;&lt;<![CDATA[x]]></domain>"


def machines():
    """Objects of KubeVirt."""
    head = b"apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\nmetadata:\n  annotations: {a: 'b'}\nspec:\n  domain:\n"
    yield head + b"    devices:\n      gpus:\n      - name: a\n        deviceName: nvidia.com/b\n    memory: {guest: 8Gi}\n"
    yield head + b"    machine: {type: pc}\n    cpu: {model: host-passthrough}\n    features: {kvm: {hidden: true}}\n"
    yield head.replace(b"'b'", b"&x 'b', c: *x") + b"    devices: {interfaces: [{name: n, sriov: {}}]}\n---\n? [a]\n: |\n  b\n"
    yield b'{"apiVersion":"kubevirt.io/v1","spec":{"template":{"spec":{"domain":{"devices":{"hostDevices":[{"name":"a"}]}}}}}}'


def vm_files():
    for page in sorted((SOURCE / "docs" / "users").glob("*.md")):
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL):
            yield block.encode()
    yield b'kernel = "a"\nmemory = "1G"\ncpus = 2\nno-reboot = true\n[[device]]\nhost = "01:00.0"\nport = "a"\n'
    yield b'[[port]]\nname = "a"\nhotplug = true\n[[device]]\nhost = "x.lspci#01:00.0"\nid = "a"\na.b.c = [[1]]\n'


def plans():
    for file in sorted((SOURCE / "tests" / "golden").glob("*.json")):
        content = file.read_bytes()
        if b'"ports"' in content:
            yield content


def iommu_guests():
    """Of each kind of fuzz/remapping_unit.cpp, in both modes of tables; the rest of it is noise."""
    source = random.Random(2)
    for kind in (0, 1, 2):
        for mode in (0, 1):
            for size in (60, 300, 1200, 5000):
                yield bytes([kind, mode, 0]) + source.randbytes(size)


def access(offset, size, value):
    return struct.pack("<HBQ", offset, {1: 0, 2: 1, 4: 2, 8: 3}[size], value)


def drivers():
    """Accesses of fuzz/virtio_driver.cpp: one that starts, rings and resets, and noise."""
    source = random.Random(3)
    start = b"".join([access(20, 1, 3), access(8, 4, 1), access(12, 4, 1), access(20, 1, 11), access(26, 2, 1),
                      access(32, 8, 0x1000), access(40, 8, 0x2000), access(48, 8, 0x3000), access(28, 2, 1),
                      access(20, 1, 15), access(0x3000, 2, 0), access(0x2020, 1, 1), access(20, 1, 0)])
    yield start
    yield start + b"\0\0\x40" + bytes(8) + start
    for size in (110, 1100):
        yield source.randbytes(size)


def answer(request, payload):
    return struct.pack("<III", request, 5, len(payload)) + payload


def back_ends():
    """What fuzz/vhost_user_back_end.cpp reads: the answers of a disk, with and without acknowledgements, and noise."""
    source = random.Random(4)
    config = answer(24, struct.pack("<III", 0, 60, 0) + bytes(60))
    for protocol in (0x209, 0x200):
        known = b"".join([answer(1, struct.pack("<Q", 1 << 32 | 1 << 30 | 1 << 9)), answer(15, struct.pack("<Q", protocol)),
                          answer(17, struct.pack("<Q", 255)) if protocol & 1 else b"", config])
        done = struct.pack("<Q", 0)
        begun = b"".join(answer(request, done) for request in (2, 5, 18)) if protocol & 8 else answer(1, done)
        yield bytes([1, 0]) + known + begun + (answer(25, done) if protocol & 8 else b"") + config + \
            (answer(18, done) if protocol & 8 else b"") + answer(11, done)
        yield bytes([1, 0]) + known + source.randbytes(200)
    yield bytes([0, 1]) + source.randbytes(400)


def c_words():
    """What fuzz/c_face.cpp reads: each of its functions, a word and a key, the accesses of a driver that starts."""
    accesses = b"".join(struct.pack("<BBHI", *one) for one in ((1, 0, 0, 0), (3, 2, 4, 6), (0, 4, 0x10, 0), (3, 4, 0x10, 0xffffffff),
                                                              (3, 2, 0x48, 0x8000), (2, 0, 0, 0), (0, 4, 0xfffe, 0)))
    for content in texts():
        for which in range(4):
            yield bytes([which, 7]) + accesses + b",host-atomics=32\n--port=a,hotplug=off\n\n" + content
            yield bytes([which, 7]) + accesses + b",id=a\n--target=qemu-11.1,place=pc\n--anonymize\n\n" + content
            yield bytes([which, 7]) + accesses + b"\n--vhost-user=/a,type=blk\n--net=user\n\n" + content
            yield bytes([which, 7]) + accesses + b"\n\n" + content
            yield bytes([which, 0]) + b"#0\n--no-open\n--anonymize\n--target=qemu\n\n" + content


def main():
    kinds = {"c_face": c_words, "command_line": command_lines, "capture_text": texts, "capture_blob": blobs, "capture_json": documents,
             "guest_access": guests, "control_stream": conversations, "vm_file": vm_files, "plan_json": plans,
             "recording": recordings, "domain_xml": domains, "machine_yaml": machines,
             "remapping_unit": iommu_guests, "virtio_driver": drivers, "vhost_user_back_end": back_ends}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(kinds[sys.argv[1]]()):
        (folder / f"seed-{number:03}").write_bytes(content)


if __name__ == "__main__":
    main()

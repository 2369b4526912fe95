#!/usr/bin/env python3
"""Compares what two guests' `lspci -vvv` say of the same functions, below QEMU and below Tenon.

    compare_lspci.py QEMU-FOLDER TENON-FOLDER PAGE.md NAME=PORT.FUNCTION...

Each folder has the files "places" and "function", as the tests of these names in lab/guest/init print
them. NAME is what the page calls the function behind root port PORT (its device number on bus 0).

Every difference has to be in the page's table (device, where, below QEMU, below Tenon, why), and every
row of the table has to occur, for each device it names ("all": for all of them). Numbers that firmware
and kernel hand out are not compared: addresses in BARs, messages of MSI, numbers of interrupts and slots.
"""

import difflib
import re
import sys
from pathlib import Path

HANDED_OUT = [
    (r"(Memory|I/O ports|Expansion ROM) at [0-9a-f]+", r"\1 at #"),
    (r"Address: [0-9a-f]+", "Address: #"),
    (r"Data: [0-9a-f]{4}", "Data: #"),
    (r"routed to IRQ \d+", "routed to IRQ #"),
    (r"Physical Slot: [-\d]+", "Physical Slot: #"),
]
THERE, ABSENT = "there", "absent"


def functions(folder):
    """{(port, function number): {(section, key): text}}, sections in order of appearance."""
    places = dict(line.split() for line in (Path(folder) / "places").read_text().splitlines())
    found, current = {}, None
    for line in (Path(folder) / "function").read_text().splitlines():
        address = re.match(r"([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.([0-7])) (.*)", line)
        if address:
            port = re.fullmatch(r"0000:00:([0-9a-f]{2})\.0", places[address[1]])
            current, section, key = {("", "function"): address[3]}, "", "function"
            found[int(port[1], 16), int(address[2])] = current
        elif current is not None and line.strip():
            section, key = add_line(current, section, key, line)
    return found


def add_line(current, section, key, line):
    """Files one line of lspci; returns the section and key that the next one may continue."""
    depth = len(line) - len(line.lstrip("\t"))
    text = " ".join(line.split())
    for pattern, replacement in HANDED_OUT:
        text = re.sub(pattern, replacement, text)
    capability = re.match(r"Capabilities: (\[\w+)(?: v\w+)?(\] [^:(]*)(.*)", text)
    if capability and depth == 1:
        section, key, text = (capability[1] + capability[2]).strip(), "", capability[3]
    elif depth <= (1 if section == "" else 2):
        if depth == 1:
            section = ""
        key = re.match(r"[^:]*?(?=:| at #)|.*", text)[0]
        text = text[len(key) :]
        while (section, key) in current:
            key += "'"
    current[section, key] = (current.get((section, key), "") + " " + text.lstrip(": ")).strip()
    return section, key


def differing_words(qemu, tenon):
    """The words that differ, each run with the word before it if it does not speak for itself."""
    left, right = qemu.split(), tenon.split()
    runs = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, left, right, False).get_opcodes():
        if tag == "equal":
            continue
        words = left[a:b] + right[c:d]
        if a > 0 and not all(re.fullmatch(r"[^\W\d].*[+-],?", word) for word in words):
            a, c = a - 1, c - 1
        runs.append((" ".join(left[a:b]), " ".join(right[c:d])))
    return tuple(" … ".join(part or ABSENT for part in side) for side in zip(*runs))


def differences(qemu, tenon):
    """[(where, below QEMU, below Tenon)] of one function."""
    rows = []
    sections = dict.fromkeys(section for section, _ in [*qemu, *tenon])
    for section in sections:
        sides = [{key: text for (of, key), text in side.items() if of == section} for side in (qemu, tenon)]
        if section and not all(sides):
            rows.append((section, *(THERE if side else ABSENT for side in sides)))
            continue
        for key in dict.fromkeys([*sides[0], *sides[1]]):
            where = " ".join(filter(None, [section, key]))
            if key not in sides[0] or key not in sides[1]:
                rows.append((where, *(side.get(key, ABSENT) for side in sides)))
            elif sides[0][key] != sides[1][key]:
                rows.append((where, *differing_words(sides[0][key], sides[1][key])))
    return rows


def listed(page, names):
    """{(name, where, below QEMU, below Tenon)} of the page's table."""
    rows = set()
    for line in Path(page).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != 5 or "`" not in cells[1]:
            continue
        if not cells[4].strip():
            sys.exit(f"{page}: no reason is given: {line}")
        where, qemu, tenon = (cell.strip("`") for cell in cells[1:4])
        for name in names if cells[0] == "all" else cells[0].split(", "):
            rows.add((name, where, qemu, tenon))
    return rows


def main(qemu_folder, tenon_folder, page, *named):
    names = {name: tuple(map(int, place.split("."))) for name, place in (n.split("=") for n in named)}
    qemu, tenon = functions(qemu_folder), functions(tenon_folder)
    found = set()
    for name, place in names.items():
        if place not in qemu or place not in tenon:
            sys.exit(f"{name}: not in both guests")
        found.update((name, *row) for row in differences(qemu[place], tenon[place]))
    expected = listed(page, names)
    for name, where, below_qemu, below_tenon in sorted(found - expected):
        print(f"not on the list: | {name} | `{where}` | `{below_qemu}` | `{below_tenon}` |")
    for name, where, below_qemu, below_tenon in sorted(expected - found):
        print(f"does not occur: | {name} | `{where}` | `{below_qemu}` | `{below_tenon}` |")
    print(f"{len(names)} functions, {len(found)} differences, {len(found & expected)} of them on the list")
    return found != expected


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
"""Compares the capability list that `tenon plan --json` promised with what the guest's lspci lists.

    compare_capabilities.py PLAN.json LSPCI

LSPCI is `lspci -vvv` of the function in the guest. Both lists, of one function, have to name the same
offsets in the same order.
"""

import json
import re
import sys

LISTED = re.compile(r"^\s*Capabilities: \[([0-9a-f]+)", re.MULTILINE)


def planned_offsets(plan):
    """Offsets in the guest of what the plan shows, standard list first; of the first function."""
    function = plan["ports"][0]["functions"][0]
    shown = [c for c in function["capabilities"] if c["action"] != "hide"]
    return [int(c["guest_offset"], 16)
            for kind in ("standard", "extended") for c in shown if c["list"] == kind]


def listed_offsets(text):
    return [int(offset, 16) for offset in LISTED.findall(text)]


def main():
    with open(sys.argv[1], encoding="utf-8") as plan, open(sys.argv[2], encoding="utf-8") as text:
        planned, listed = planned_offsets(json.load(plan)), listed_offsets(text.read())
    if planned != listed:
        print("the capability list differs:",
              "planned", [f"{offset:#x}" for offset in planned],
              "the guest lists", [f"{offset:#x}" for offset in listed])
        return 1
    print(f"ok: {len(planned)} capabilities at the offsets planned")
    return 0


if __name__ == "__main__":
    sys.exit(main())

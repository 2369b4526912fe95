#!/usr/bin/env python3
"""Whether what README.md shows of a session in the virtual host is what was shown there.

    readme_session.py README.md SHOWN

Every line of its blocks of text is in SHOWN, however it is wrapped there; README.md leaves some out.
"""

import re
import sys


def words(text):
    return " ".join(text.split())


def main():
    readme, shown = (open(name, encoding="utf-8").read() for name in sys.argv[1:])
    session = readme[readme.index("## A session"):readme.index("## What it needs")]
    lines = [line for block in re.findall(r"^```text\n(.*?)^```$", session, re.MULTILINE | re.DOTALL)
             for line in block.splitlines() if line.strip() and line != "…" and not line.startswith("#")]
    everything = words(shown)
    missing = [line for line in lines if words(line) not in everything]
    for line in missing:
        print(f"README.md shows, and the session did not: {line}")
    if not missing:
        print(f"ok: the {len(lines)} lines of README.md's session")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What the pages say is so.

    pages.py CASE [PROGRAM]
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def json_example_follows_the_schema():
    """The example of docs/plan-json.md is a plan by docs/plan.schema.json."""
    try:
        import jsonschema
    except ImportError:
        print("SKIPPED: python3-jsonschema is not installed")
        sys.exit(77)
    schema = json.loads((ROOT / "docs/plan.schema.json").read_text())
    page = (ROOT / "docs/plan-json.md").read_text()
    examples = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    if not examples:
        yield "docs/plan-json.md has no example"
    validator = jsonschema.Draft202012Validator(schema)
    for example in examples:
        for error in validator.iter_errors(json.loads(example)):
            yield f"docs/plan-json.md: at {'/'.join(map(str, error.path))}: {error.message}"


def readme_names_every_page():
    """Who reads README finds every page for users."""
    readme = (ROOT / "README.md").read_text()
    for page in sorted((ROOT / "docs").rglob("*.md")):
        name = str(page.relative_to(ROOT))
        if "decisions" not in name and name not in readme:
            yield f"README.md does not name {name}"


def pages_name_files_that_exist():
    """A page or a file of the project that a page names is there."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in sorted(pages):
        for name in re.findall(r"\b((?:src|docs|tools|lab|tests|include)/[\w./-]+\.\w+)", page.read_text()):
            if "NAME" not in name and not (ROOT / name).exists():
                yield f"{page.relative_to(ROOT)}: there is no {name}"


def contributing_names_every_label():
    """The kinds and topics of CONTRIBUTING.md are the labels that tests have, all of them and no others."""
    page = (ROOT / "CONTRIBUTING.md").read_text()
    sentence = re.search(r"Every test carries two labels, (.*?)\. A test that", page, re.DOTALL)[1]
    named = set(re.findall(r"`([\w-]+)`", sentence))
    used = set()
    for file in [*ROOT.glob("*/CMakeLists.txt"), *ROOT.glob("*/*/CMakeLists.txt"), *ROOT.glob("cmake/*.cmake")]:
        text = re.sub(r"^ *#.*$", "", file.read_text(), flags=re.MULTILINE)
        used.update(re.findall(r"(?:tenon_(?:unit|exhaustive)_tests\(\w+|set\(kind) ([\w-]+)", text))
        for quoted, words in re.findall(r'LABELS (?:"([^"]+)"|([a-z-]+(?:\s+[a-z-]+)*))', text):
            used.update(re.findall(r"(?<![${])\b[a-z][a-z-]+\b(?!})", quoted or words))
    for label in sorted(used ^ named):
        yield f"{label}: " + ("not in CONTRIBUTING.md" if label in used else "no test has this label")


def list_and_diff_says_what_to_type():
    """The commands of docs/users/list-and-diff.md, with recorded devices in place of those of a host."""
    page = (ROOT / "docs/users/list-and-diff.md").read_text()
    commands = [line.strip() for line in page.splitlines() if line.startswith("    tenon ")]
    recorded = {"tenon capture -o before.json 65:00.0": "tenon plan --json card.lspci >before.json",
                " 65:00.0": " card.lspci", "'0b:00.*'": "'slot.lspci#0b:00.*'"}
    dump = (ROOT / "tests/captures/lab-nvme.lspci").read_text()
    second = (ROOT / "tests/captures/lab-igb.lspci").read_text()
    program = pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "card.lspci").write_text(dump)
        (place / "slot.lspci").write_text(re.sub(r"^\S+", "0000:0b:00.0", dump) + "\n" +
                                          re.sub(r"^\S+", "0000:0b:00.1", second))

        def run(command):
            with_program = f'tenon() {{ "{program}" "$@"; }}; {command}'
            return subprocess.run(["bash", "-c", with_program], cwd=place, capture_output=True, text=True,
                                  check=False)

        for command in commands:
            if "jq" in command:
                continue
            for named, file in recorded.items():
                command = command.replace(named, file)
            done = run(command)
            if done.returncode != 0:
                yield f"{command}: status {done.returncode}: {done.stdout}{done.stderr}"
        refused = run("tenon diff 'slot.lspci#0b:00.*' card.lspci")
        if refused.returncode != 2 or "0000:0b:00.1" not in refused.stderr:
            yield f"a whole slot: status {refused.returncode}: {refused.stderr}"
    if len(commands) < 7:
        yield f"only {len(commands)} commands were found"


def main():
    found = list(globals()[sys.argv[1]]())
    print("\n".join(found) or "all of it is so")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

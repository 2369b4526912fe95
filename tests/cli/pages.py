#!/usr/bin/env python3
"""What the pages say is so.

    pages.py CASE
"""

import json
import pathlib
import re
import sys

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


def main():
    found = list(globals()[sys.argv[1]]())
    print("\n".join(found) or "all of it is so")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""sbom.py PROGRAM   What tools/package/sbom.py tells of the program is whole, true and reproducible."""

import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "package"))
import sbom  # noqa: E402  # found by the line before


def expect(what, holds):
    if not holds:
        sys.exit(f"FAIL: {what}")
    print(f"ok: {what}")


build = pathlib.Path(sys.argv[1].removesuffix(sbom.PROGRAM))
told = sbom.document(build)
packages = {one["SPDXID"]: one for one in told["packages"]}
names = {one["name"] for one in packages.values()}
expect("each package has an identifier of its own", len(packages) == len(told["packages"]))
expect("relations are between what is there",
       all({one["spdxElementId"], one["relatedSpdxElement"]} <= {*packages, "SPDXRef-DOCUMENT"}
           for one in told["relationships"]))
expect("each package is in a relation", all(
    any(name in (one["spdxElementId"], one["relatedSpdxElement"]) for one in told["relationships"]) for name in packages))
expect("versions are of packages", all(one["versionInfo"] for one in packages.values()))
expect("what the program is linked with, and what it includes",
       {"libc6-dev", "libstdc++-12-dev", "libyaml-cpp-dev", "nlohmann-json3-dev", "libfmt-dev"} <= names)
expect("nothing of the tests", "libgtest-dev" not in names)
expect("the program is the one there", packages["SPDXRef-tenon"]["checksums"][0]["checksumValue"] ==
       hashlib.sha256((build / sbom.PROGRAM).read_bytes()).hexdigest())
expect("told twice, it is the same", told == sbom.document(build))

del sbom.PACKAGES["libyaml-cpp-dev"]
try:
    sbom.document(build)
except SystemExit as end:
    expect("a package that nobody has looked at is refused by name", "libyaml-cpp-dev" in str(end.code))
else:
    sys.exit("FAIL: a package that nobody has looked at")

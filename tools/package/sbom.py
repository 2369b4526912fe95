#!/usr/bin/env python3
"""What the static program is made of, as an SPDX 2.3 document in JSON.

    sbom.py BUILD-FOLDER

Told by the build itself: every file of a Debian package that the compiler or the linker read for `tenon`. A package whose
licence is not known here is an error: nobody has looked whether the program may have it.
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = "src/cli/tenon"

# Of what comes into the program: its licence, and how it comes in. Headers of libraries are templates.
PACKAGES = {
    "libc6-dev": ("LGPL-2.1-or-later", "STATIC_LINK"),
    "libcli11-dev": ("BSD-3-Clause", "STATIC_LINK"),
    "libfmt-dev": ("MIT", "STATIC_LINK"),
    "libgcc-12-dev": ("GPL-3.0-or-later WITH GCC-exception-3.1", "STATIC_LINK"),
    "liblzma-dev": ("LicenseRef-public-domain", "STATIC_LINK"),
    "libpugixml-dev": ("MIT", "STATIC_LINK"),
    "libstdc++-12-dev": ("GPL-3.0-or-later WITH GCC-exception-3.1", "STATIC_LINK"),
    "libtomlplusplus-dev": ("MIT", "STATIC_LINK"),
    "libyaml-cpp-dev": ("MIT", "STATIC_LINK"),
    "libzstd-dev": ("BSD-3-Clause", "STATIC_LINK"),
    "linux-libc-dev": ("GPL-2.0-only WITH Linux-syscall-note", "BUILD_DEPENDENCY_OF"),
    "nlohmann-json3-dev": ("MIT", "STATIC_LINK"),
    "zlib1g-dev": ("Zlib", "STATIC_LINK"),
}
# What g++ links without being told.
OF_THE_COMPILER = ["libc.a", "libm.a", "libstdc++.a", "libgcc.a", "libgcc_eh.a", "rcrt1.o"]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def compiler_file(name):
    return output("g++", f"-print-file-name={name}").strip()


def files_read(build):
    """Files outside the tree that the compiler and the linker read for the program."""
    ninja = ("ninja", "-C", build, "-t")
    objects = {line for line in output(*ninja, "inputs", PROGRAM).splitlines() if line.endswith(".o")}
    read, wanted = set(), False
    for line in output(*ninja, "deps").splitlines():
        if not line.startswith(" "):
            wanted = line.split(":", 1)[0] in objects
        elif wanted:
            read.add(line.strip())
    link = output(*ninja, "commands", PROGRAM).splitlines()[-1]
    read |= {compiler_file(f"lib{name}.a") for name in re.findall(r"(?<= -l)\S+", link)}
    read |= {compiler_file(name) for name in OF_THE_COMPILER}
    return {str(pathlib.Path(name).resolve()) for name in read if name.startswith("/usr/")}


def packages_of(files):
    """As dpkg names them: with the architecture where there may be several."""
    owners = output("dpkg-query", "-S", *sorted(files))
    return sorted({line.split(": ", 1)[0] for line in owners.splitlines()})


def identifier(name):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def debian_package(package):
    fields = "\\n".join(f"${{{field}}}" for field in
                       ("source:Package", "source:Version", "Version", "Architecture", "Homepage"))
    source, source_version, version, architecture, home = output("dpkg-query", "-W", f"-f={fields}", package).split("\n")
    name, quoted = package.split(":")[0], urllib.parse.quote(version, safe="")
    if name not in PACKAGES:
        sys.exit(f"sbom.py: {name} is in the program, and its licence is not known here: look, and name it in PACKAGES")
    return {
        "SPDXID": identifier(name),
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": f"https://snapshot.debian.org/package/{source}/{source_version}/",
        "filesAnalyzed": False,
        "licenseConcluded": PACKAGES[name][0],
        "licenseDeclared": PACKAGES[name][0],
        "copyrightText": "NOASSERTION",
        **({"homepage": home} if home else {}),
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{name}@{quoted}?arch={architecture}"}],
    }


def stated(name):
    """A value that CMakeLists.txt owns."""
    text = (ROOT / "CMakeLists.txt").read_text()
    return re.search(rf"^(?:set|project)\({name} ?(?:VERSION )?([0-9.-]+)", text, re.MULTILINE).group(1)


def document(build):
    program = pathlib.Path(build) / PROGRAM
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    version = stated("tenon")
    packages = [debian_package(name) for name in packages_of(files_read(build))]
    tenon = {
        "SPDXID": identifier("tenon"),
        "name": "tenon",
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
        "primaryPackagePurpose": "APPLICATION",
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "2026 The Tenon authors",
    }
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", tenon["SPDXID"])]
    for package in packages:
        how = PACKAGES[package["name"]][1]
        ends = (package["SPDXID"], tenon["SPDXID"]) if how.endswith("_OF") else (tenon["SPDXID"], package["SPDXID"])
        relations.append((ends[0], how, ends[1]))
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"tenon-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/tenon-{version}-{digest}",
        "creationInfo": {"created": f"{stated('TENON_DATE')}T00:00:00Z", "creators": ["Tool: tenon-sbom"]},
        "packages": [tenon, *packages],
        "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}
                          for a, kind, b in relations],
        "hasExtractedLicensingInfos": [{
            "licenseId": "LicenseRef-public-domain",
            "extractedText": "liblzma is in the public domain, as its authors say in the package's copyright file."}],
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(json.dumps(document(sys.argv[1]), indent=2))

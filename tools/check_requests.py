#!/usr/bin/env python3
"""Checks that every request of ioctl(2) that src/host and src/vmm issue is in the table of what threads of a sealed
machine may do (src/vmm/rights/requests.cpp), or is issued only before a machine is sealed, as BEFORE says of it.

    tools/check_requests.py
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "src/vmm/rights/requests.cpp"

# Requests that no thread issues once it is sealed, and why.
BEFORE = {
    "KVM_GET_API_VERSION": "opening KVM",
    "KVM_CHECK_EXTENSION": "opening KVM",
    "KVM_GET_VCPU_MMAP_SIZE": "opening KVM",
    "KVM_GET_SUPPORTED_CPUID": "opening KVM",
    "KVM_GET_MSR_INDEX_LIST": "opening KVM",
    "KVM_CREATE_VM": "making the machine",
    "KVM_CREATE_IRQCHIP": "making the machine",
    "KVM_ENABLE_CAP": "making the machine",
    "KVM_CREATE_DEVICE": "making the machine",
    "KVM_CREATE_VCPU": "making the machine",
    "KVM_SET_CPUID2": "making the machine",
    "KVM_GET_MSRS": "the state after power-on",
    "KVM_GET_FPU": "the state after power-on",
    "KVM_GET_XSAVE": "the state after power-on",
    "KVM_GET_XCRS": "the state after power-on",
    "KVM_GET_LAPIC": "the state after power-on",
    "KVM_GET_MP_STATE": "the state after power-on",
    "KVM_GET_DEBUGREGS": "the state after power-on",
    "KVM_GET_VCPU_EVENTS": "the state after power-on",
    "KVM_GET_IRQCHIP": "the state after power-on",
}
# Words that look like requests and are none.
NO_REQUEST = re.compile(r"_FLAG_|_CAP_|_EXIT_|_INTERNAL_|_IRQCHIP_|_DEV_TYPE_|_IRQ_SET_|_INFO_|_FEATURE_|_BASE$|_TYPE1|"
                        r"_MEM_|_RESET_|_MAX|_INDEX|_STATUS_|_API_VERSION_|_DMA_MAP_|_DMA_UNMAP_|_VERSION$|_DEV_VFIO_|"
                        r"_ROUTING_|_NR_|_MSI_VALID")
WORD = re.compile(r"\b(?:KVM|VFIO|IOMMU)_[A-Z0-9_]+\b")
OWN = re.compile(r"\babi::((?:ioas|hwpt|device)_\w+|destroy|get_hw_info)\b")
CALL = re.compile(r"\bioctl\((.*?);", re.S)


def issued():
    """Names of requests that stand in a call of ioctl, or in the table of what a reset gives back, with their places."""
    for layer in ("src/host", "src/vmm"):
        for path in sorted((ROOT / layer).rglob("*.cpp")):
            if path.name.endswith("_test.cpp") or path.parent.name == "rights":
                continue
            text = path.read_text()
            for match in CALL.finditer(text):
                for pattern in (WORD, OWN):
                    for name in pattern.findall(match.group(1)):
                        yield name, path.relative_to(ROOT)
    for name in re.findall(r"\bKVM_[GS]ET_\w+", (ROOT / "src/vmm/kvm/reset_state.cpp").read_text()):
        yield name, "src/vmm/kvm/reset_state.cpp"


def main():
    table = TABLE.read_text()
    known = set(WORD.findall(table)) | set(OWN.findall(table))
    missing, seen = [], set()
    for name, place in issued():
        seen.add(name)
        if name not in known and name not in BEFORE and (name.islower() or not NO_REQUEST.search(name)):
            missing.append(f"{place}: {name}: neither in {TABLE.relative_to(ROOT)} nor among those before the seal")
    both = sorted(known & set(BEFORE))
    gone = sorted(set(BEFORE) - seen)
    missing += [f"{name}: in the table and among those before the seal" for name in both]
    missing += [f"{name}: nobody issues it" for name in gone]
    print("\n".join(missing) if missing else f"{len(seen)} requests have their place")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

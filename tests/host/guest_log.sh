#!/usr/bin/env bash
# The guest kernel has nothing to complain about in our ACPI tables and PCI resources.

set -euo pipefail
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

complaints='ACPI (BIOS )?(Error|Warning|Exception)|ACPI: .*(invalid|failed|error)|BUG|WARNING:|Call Trace'
complaints+="|can't (claim|assign)|failed to assign|no compatible bridge window|address conflict"
complaints+='|PCI: not using|not reserved in ACPI|[Ff]irmware [Bb]ug|no space for|overlap'
complaints+='|pci .*(invalid|ignoring)|MMCONFIG.*not|_OSC.*(fail|not)|AER.*not|probe with driver .* failed'

needs_tenon
bind "$disk"
run_guest "$(guest_kernel vmlinux)" log "$disk"
section log >"$work/log"
printf 'ok: the log has %s lines\n' "$(wc -l <"$work/log")"
[ "$(wc -l <"$work/log")" -gt 50 ] || fail "this is not a whole log"
if grep -E "$complaints" "$work/log"; then fail "the guest complains"; fi
grep -q 'ACPI: ' "$work/log" || fail "the guest did not use ACPI"

#!/usr/bin/env bash
# In the virtual host: gives PCI functions to the driver vfio-pci, or back to their own.
#
#   lab/bind.sh [--back] ADDRESS…      (0000:01:00.0 or 01:00.0)

set -euo pipefail
driver=vfio-pci
if [ "${1:-}" = --back ]; then
    driver=''
    shift
fi
for address in "$@"; do
    case $address in *:*:*) ;; *) address=0000:$address ;; esac
    function=/sys/bus/pci/devices/$address
    # A line feed clears the override.
    printf '%s\n' "$driver" >"$function/driver_override"
    [ ! -e "$function/driver" ] || printf '%s' "$address" >"$function/driver/unbind"
    printf '%s' "$address" >/sys/bus/pci/drivers_probe
    if [ -n "$driver" ] && [ "$(basename "$(readlink "$function/driver")")" != "$driver" ]; then
        printf 'error: %s did not take %s\n' "$driver" "$address" >&2
        exit 1
    fi
done

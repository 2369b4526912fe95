#!/usr/bin/env bash
# Runs a script of this folder in the virtual host, as ctest calls it.
#
#   in_virtual_host.sh NAME [ARGUMENT…]
#
# From the environment: TENON, the program under test (build/release/src/cli/tenon);
# TENON_LAB_KERNEL, TENON_LAB_GUEST_KERNEL (stock) and TENON_LAB_TIMEOUT in seconds (240);
# TENON_SOAK_PERCENT, how much of a long test is to be done (100);
# TENON_LAB_OPTIONS, more options of lab/boot.sh, words between spaces.
# Exit status 77, with the reason, if the virtual host cannot be had on this machine.

set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "$here/../..")
name=$1
shift

kernel=${TENON_LAB_KERNEL:-stock}
read -ra options <<<"${TENON_LAB_OPTIONS:-}"
export TENON=${TENON:-$root/build/release/src/cli/tenon}
status=0
"$root/lab/boot.sh" --kernel "$kernel" --guest-kernel "${TENON_LAB_GUEST_KERNEL:-$kernel}" \
    --timeout "${TENON_LAB_TIMEOUT:-240}" "${options[@]}" -- \
    env "TENON_SOAK_PERCENT=${TENON_SOAK_PERCENT:-100}" "$here/$name.sh" "$@" || status=$?
if [ "$status" -eq 69 ]; then
    echo "skipped: the virtual host cannot be had here; the reason stands above"
    exit 77
fi
exit "$status"

#!/usr/bin/env bash
# What `tools/dev bench` runs in the virtual host: DMA mapping, starts and hot-plug, against others.
#
#   run.sh FOLDER [ROUNDS]      FOLDER has the benchmark programs

set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
disk=0000:01:00.0

"$TENON_ROOT/lab/bind.sh" "$disk"
# As on a real host; the virtual one does without by default.
echo always >/sys/kernel/mm/transparent_hugepage/enabled
printf 'Host: Linux %s, %s processor(s) of %s\n' "$(uname -r)" "$(nproc)" \
    "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)"
"$1/dma_bench" "$disk" "${2:-5}"
python3 "$here/starts.py" --rounds "${2:-5}" "$disk"
python3 "$here/plugs.py" --rounds "${2:-5}" "$disk"

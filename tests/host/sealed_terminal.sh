#!/usr/bin/env bash
# A sealed guest on a terminal: it is stopped and goes on, and however it ends the terminal is as it was, also by a fault of
# ours, which keeps its own signal. What the kernel logs with --seal=log.

set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/host/lib.sh
. "$here/lib.sh"

needs_tenon
run=("$TENON" run --kernel "$(guest_kernel bzimage)" --initrd "$TENON_GUEST_INITRD" --memory 128M
    --append "$(guest_words agent)")
# SIGSEGV, SIGTERM
for end in 'keys 1' '11 -11' '15 1'; do
    read -r way status <<<"$end"
    python3 "$here/on_terminal.py" 'agent: ready' "$way" "$status" "${run[@]}" 2>"$work/messages" || {
        cat "$work/messages"
        fail "on a terminal, ended by $way"
    }
    cat "$work/messages"
    ! grep -q 'sealed: the thread' "$work/messages" || fail 'a thread was ended by its filter'
done

# Nothing is logged of a guest that does no more than its table says.
dmesg --clear
python3 "$here/on_terminal.py" 'agent: ready' 15 1 "${run[@]}" --seal log 2>"$work/messages"
expect_equal 'calls without a row' '' "$(dmesg | grep -a 'type=1326' || true)"

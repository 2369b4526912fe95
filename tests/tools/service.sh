#!/usr/bin/env bash
# The unit that starts a guest is read without a word, names options that there are, and is as hard as the pages say.
#
#   service.sh UNIT TENON

set -euo pipefail
root=$(readlink -f "$(dirname "$0")/../..")
unit=$1 program=$2
command -v systemd-analyze >/dev/null || {
    echo 'skipped: systemd-analyze is not installed: tools/dev setup'
    exit 77
}

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What it starts is not installed here, and manual pages are not.
sed "s|/usr/bin/tenon|$program|; /^Documentation=/d" "$unit" >"$work/tenon@.service"
said=$(systemd-analyze verify --man=no "$work/tenon@.service" 2>&1) || true
[ -z "$said" ] || fail "systemd-analyze verify: $said"
echo 'ok: systemd reads it'

while read -r option; do
    "$program" run --help | grep -q "^  $option " || fail "tenon run has no $option"
done < <(sed -n 's/^ExecStart=//p' "$unit" | grep -oE -- '--[a-z-]+')
echo 'ok: tenon run has its options'

level=$(systemd-analyze security --offline=yes --no-pager "$work/tenon@.service" 2>&1 |
    sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
grep -qF "exposure $level" "$root/docs/users/sealed.md" || fail "docs/users/sealed.md does not name its level, $level"
printf 'ok: exposure level %s\n' "$level"

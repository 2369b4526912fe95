#!/usr/bin/env bash
# The example of docs/users/vm-file.md is planned as it stands there, with a capture for its device; and
# the message it shows is the one that is printed.
#
#   vm_file.sh PROGRAM

set -euo pipefail
program=$(realpath "$1")
source=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

# shellcheck disable=SC2016  # the marks are Markdown's
sed -n '/^```toml$/,/^```$/p' "$source/docs/users/vm-file.md" | sed '1d;$d' |
    sed "s|0000:65:00.0|$source/tests/captures/handmade-nvme.lspci|" >vm.toml
"$program" plan -v vm.toml >planned
for line in '^Root port storage at 00:01.0' '^  disk .* is 01:00.0 in the guest' '^  4 processors$' \
    '16 GiB in huge pages of 1 GiB'; do
    grep -qE "$line" planned || {
        cat planned
        fail "the plan has no line like '$line'"
    }
done
"$program" plan -v vm.toml --cpus 2 --port spare | grep -q '^  2 processors$' || fail 'options do not win'

sed -i 's/"16G,hugepages=1G"/"16X"/' vm.toml
status=0
"$program" plan vm.toml 2>message >/dev/null || status=$?
[ "$status" -eq 2 ] || fail "status $status for a wrong file"
diff message <(sed -n '/^tenon: vm.toml/p' "$source/docs/users/vm-file.md") || fail 'another message'

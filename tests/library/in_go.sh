#!/usr/bin/env bash
# examples/plan.go gives the same plans as the program. Skipped where Go is not installed.
#
#   in_go.sh LIBTENON.SO TENON

set -euo pipefail
here=$(readlink -f "$(dirname "$0")")
library=$(readlink -f "$1")
command -v go >/dev/null || {
    echo 'skipped: go is not installed: apt-get install golang-go'
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -s "$library" "$work/libtenon.so.0"
ln -s libtenon.so.0 "$work/libtenon.so"
printf 'Name: libtenon\nDescription: of this tree\nVersion: 0\nCflags: -I%s\nLibs: -L%s -ltenon\n' \
    "$here/../../include" "$work" >"$work/libtenon.pc"
export PKG_CONFIG_PATH=$work GOCACHE=$work/cache GOFLAGS=-mod=mod LD_LIBRARY_PATH=$work
go build -o "$work/plan" "$here/../../examples/plan.go"
"$here/same_plans.sh" "$work/plan" "$2"

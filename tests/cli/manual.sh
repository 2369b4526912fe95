#!/usr/bin/env bash
# Manual pages are read without a warning, and have what the help has.
#
#   manual.sh PAGE TENON     PAGE is one of those that a build made; the others are beside it

set -euo pipefail
folder=$(dirname "$1")
program=$2
for reader in man mandoc col; do
    command -v "$reader" >/dev/null || {
        echo "skipped: $reader is not installed: tools/dev setup"
        exit 77
    }
done

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

count=0
for page in "$folder"/*.[135]; do
    said=$(LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings=w -l "$page" 2>&1 >/dev/null)
    [ -z "$said" ] || fail "man: $page: $said"
    said=$(mandoc -T lint -W warning "$page" 2>&1 || true)
    [ -z "$said" ] || fail "mandoc: $said"
    count=$((count + 1))
done
[ "$count" -eq 10 ] || fail "$count pages, not 10"
printf 'ok: %s pages without a warning\n' "$count"

# Every option and key at the start of a line of the help stands in the page as it is read.
for command in plan run ctl list capture diff check; do
    text=$(LC_ALL=C.UTF-8 MANWIDTH=200 man -l "$folder/tenon-$command.1" | col -bx)
    while read -r head; do
        grep -qF -- "$head" <<<"$text" || fail "tenon-$command(1) has no $head"
    done < <("$program" "$command" --help | grep -oE '^  +(--?[a-z][a-z-]*|[a-z-]+=)' | tr -d ' ')
done
echo 'ok: every option and key of the help'

# shellcheck shell=bash
# What is checked without running anything. Sourced by tools/dev.

# check_find ARRAY GIT-ARGUMENT…   Names of tracked files. None at all means that git cannot read the
# tree (no repository, or another owner's): an error, or a check of nothing would pass.
check_find() {
    local -n found=$1
    local names
    names=$(git "${@:2}") || names=''
    [ -n "$names" ] || die "git names no files to check: git ${*:2}"
    mapfile -t found <<<"$names"
}

dev_format() {
    local mode=(-i) sources
    [ "${1:-}" != --check ] || mode=(--dry-run -Werror)
    check_find sources ls-files -- 'src/*.[ch]pp' 'include/*.h' 'include/*.[ch]pp' 'tests/*.c' \
        'tests/*.[ch]pp' 'bench/*.[ch]pp' 'fuzz/*.[ch]pp' 'examples/*.c' 'examples/*.cpp'
    step "Format of ${#sources[@]} files" clang-format-19 "${mode[@]}" "${sources[@]}"
}

dev_layering() {
    step "Layering" python3 tools/check_layering.py
}

# check_sources CHECK [OPTION…]   Its last line says what was read and what was not.
check_sources() {
    step "Configuring dev" build_configure dev
    step "Sources: $1" python3 tools/check_sources.py "$1" --cache "$tenon_cache/read" "${@:2}"
    tail -n 1 "$tenon_cache/log/Sources-$1-.log" >&2
}

# Every header compiles alone. Most are the first that a source of their name includes; these are not.
dev_headers() { check_sources headers; }

# Who holds which lock, as the annotations of base/lock_annotations.hpp have it.
dev_locks() { check_sources locks; }

dev_scripts() {
    local scripts
    check_find scripts grep -lE '^#!/usr/bin/env bash|^# shellcheck shell=bash' -- lab tools tests bench .ci
    # Variables of a sourced part look unknown or unused to a reader of single files.
    step "shellcheck of ${#scripts[@]} scripts" shellcheck -x -e SC2034,SC2154 "${scripts[@]}"
}

# Every file says under which licence it is, and of whom: .reuse/dep5, or its own head.
dev_licences() { step "Licences" reuse lint; }

dev_lint() {
    dev_scripts
    check_sources lint
}

# What changed last: a file takes six seconds and more, all of them half an hour of two processors.
lint_recent() { check_sources lint --recent 30 --seconds "${TENON_LINT_SECONDS:-240}"; }

# shellcheck shell=bash
# What is checked without running anything. Sourced by tools/dev.

dev_format() {
    local mode=(-i) sources
    [ "${1:-}" != --check ] || mode=(--dry-run -Werror)
    mapfile -t sources < <(git ls-files -- 'src/*.[ch]pp' 'include/*.[ch]pp' 'tests/*.[ch]pp' \
        'bench/*.[ch]pp' 'fuzz/*.[ch]pp')
    [ ${#sources[@]} -eq 0 ] || step "Format of ${#sources[@]} files" \
        clang-format-19 "${mode[@]}" "${sources[@]}"
}

dev_layering() {
    step "Layering" python3 tools/check_layering.py
}

dev_lint() {
    local scripts
    mapfile -t scripts < <(git grep -lE '^#!/usr/bin/env bash|^# shellcheck shell=bash' -- lab tools \
        tests .ci)
    # Variables of a sourced part look unknown or unused to a reader of single files.
    [ ${#scripts[@]} -eq 0 ] ||
        step "shellcheck of ${#scripts[@]} scripts" shellcheck -x -e SC2034,SC2154 "${scripts[@]}"
    step "Configuring dev" build_configure dev
    python3 tools/lint.py --commands build/dev/compile_commands.json --cache "$tenon_cache/lint"
}

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
    check_find sources ls-files -- 'src/*.[ch]pp' 'include/*.[ch]pp' 'tests/*.[ch]pp' \
        'bench/*.[ch]pp' 'fuzz/*.[ch]pp' 'examples/*.cpp'
    step "Format of ${#sources[@]} files" clang-format-19 "${mode[@]}" "${sources[@]}"
}

dev_layering() {
    step "Layering" python3 tools/check_layering.py
}

# Every header compiles alone. Most are the first that a source of their name includes; these are not.
dev_headers() {
    local headers alone=() header
    check_find headers ls-files -- 'src/*.hpp' 'include/*.hpp' 'tests/*.hpp'
    for header in "${headers[@]}"; do
        [ -e "${header%.hpp}.cpp" ] || alone+=("$header")
    done
    step "${#alone[@]} headers compile alone" check_headers "${alone[@]}"
}

check_headers() {
    printf '%s\n' "$@" |
        xargs -P "$(nproc)" -I{} g++ -std=c++23 -fsyntax-only -Isrc -Iinclude -I. -include {} -x c++ /dev/null
}

dev_scripts() {
    local scripts
    check_find scripts grep -lE '^#!/usr/bin/env bash|^# shellcheck shell=bash' -- lab tools tests bench .ci
    # Variables of a sourced part look unknown or unused to a reader of single files.
    step "shellcheck of ${#scripts[@]} scripts" shellcheck -x -e SC2034,SC2154 "${scripts[@]}"
}

dev_lint() {
    dev_scripts
    step "Configuring dev" build_configure dev
    python3 tools/lint.py --commands build/dev/compile_commands.json --cache "$tenon_cache/lint"
}

# shellcheck shell=bash
# The tests. Sourced by tools/dev.

# dev_test [CTEST ARG…]   Everything CI runs; with arguments the chosen tests without what reads sources for
# minutes. The last lines are ctest's summary.
dev_test() {
    dev_format --check
    dev_layering
    dev_scripts
    dev_licences
    [ $# -gt 0 ] || {
        dev_headers
        dev_locks
        lint_recent
    }
    test_run -LE '^soak$' "$@"
}

# With the lint of everything, however long it takes.
dev_soak() {
    [ $# -gt 0 ] || dev_lint
    test_run -L '^soak$' "$@"
}

# Builds what the chosen tests need, prepares the virtual host for them, and runs them.
test_run() {
    local chosen preset targets kernel guest options
    step "Configuring asan" build_configure asan
    chosen=$(ctest --test-dir build/asan --show-only=json-v1 "$@")
    while read -r preset targets; do
        # Not beside tests: a virtual host whose processor is wanted elsewhere runs into its limit.
        # shellcheck disable=SC2086  # targets are words
        test_build "$preset" $targets
    done < <(tools/test_needs.py build <<<"$chosen")
    while read -r kernel guest options; do
        # What cannot be had here is skipped aloud by the tests themselves.
        # shellcheck disable=SC2086  # options are words
        "$tenon_root/lab/boot.sh" --prepare --kernel "$kernel" --guest-kernel "$guest" $options ||
            [ $? -eq "$unavailable" ]
    done < <(tools/test_needs.py kernels <<<"$chosen")
    ctest --test-dir build/asan -j "$(nproc)" --output-on-failure --no-tests=error "$@" |
        test_count_skipped
}

# test_build PRESET TARGET…
test_build() {
    local options=()
    [ "$1" != release ] || options=(-DTENON_TESTS=ON)
    [ "$1" = asan ] || step "Configuring $1" build_configure "$1" "${options[@]}"
    step "Building $1" ninja -C "build/$1" "${@:2}"
}

# Says how many tests were skipped, just before the summary. Line by line: awk reads a pipe in blocks.
test_count_skipped() {
    local line skipped=0 held=()
    while IFS= read -r line; do
        if [[ ${#held[@]} -eq 0 && ! $line =~ ^[0-9]+%\ tests\ passed ]]; then
            printf '%s\n' "$line"
            continue
        fi
        held+=("$line")
        if [[ $line =~ \((Skipped|Not\ Run)\) ]]; then skipped=$((skipped + 1)); fi
    done
    printf 'Skipped tests: %d\n' "$skipped"
    printf '%s\n' "${held[@]}"
}

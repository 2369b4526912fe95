# shellcheck shell=bash
# The tests. Sourced by tools/dev.

# dev_test [CTEST ARG…]   Everything CI runs. The last lines are ctest's summary.
dev_test() {
    dev_format --check
    dev_layering
    dev_headers
    dev_scripts
    test_run -LE '^soak$' "$@"
}

dev_soak() { test_run -L '^soak$' "$@"; }

# Builds, prepares the virtual host as the chosen tests need it, and runs them.
test_run() {
    local kernel guest options
    dev_build asan
    dev_build release
    # Not beside tests: a virtual host whose processor is wanted elsewhere runs into its limit.
    ! command -v clang++-19 >/dev/null || dev_build fuzz
    while read -r kernel guest options; do
        # What cannot be had here is skipped aloud by the tests themselves.
        # shellcheck disable=SC2086  # options are words
        "$tenon_root/lab/boot.sh" --prepare --kernel "$kernel" --guest-kernel "$guest" $options ||
            [ $? -eq "$unavailable" ]
    done < <(test_kernels "$@")
    ctest --test-dir build/asan -j "$(nproc)" --output-on-failure --no-tests=error "$@" |
        test_count_skipped
}

# test_kernels CTEST ARG…   What the chosen tests need of the virtual host: "HOST GUEST [--modules]", one
# combination a line.
test_kernels() {
    ctest --test-dir build/asan --show-only=json-v1 "$@" | python3 -c '
import json, sys
needs = set()
for test in json.load(sys.stdin)["tests"]:
    values = {p["name"]: p["value"] for p in test.get("properties", [])}
    named = dict(line.split("=", 1) for line in values.get("ENVIRONMENT", []))
    if "TENON_LAB_KERNEL" in named:
        modules = {"--modules"} & set(named.get("TENON_LAB_OPTIONS", "").split())
        needs.add((named["TENON_LAB_KERNEL"], named["TENON_LAB_GUEST_KERNEL"], *modules))
for need in sorted(needs):
    print(*need)'
}

# Says how many tests were skipped, just before the summary.
test_count_skipped() {
    awk '/^[0-9]+% tests passed/ {summary = 1}
        summary {held[n++] = $0; if (/\((Skipped|Not Run)\)/) skipped++; next}
        {print; fflush()}
        END {
            printf "Skipped tests: %d\n", skipped
            for (i = 0; i < n; i++) print held[i]
        }'
}

# shellcheck shell=bash
# Configuring and building by preset. Sourced by tools/dev.

build_configure() {
    CMAKE_CXX_COMPILER_LAUNCHER=ccache cmake --preset "$1" "${@:2}"
}

dev_build() {
    local preset=${1:-dev}
    step "Configuring $preset" build_configure "$preset"
    step "Building $preset" cmake --build --preset "$preset"
}

# build_programs FOLDER WHAT   The programs in FOLDER; ends plainly when there is none.
build_programs() {
    mapfile -t programs < <(find "$1" -maxdepth 1 -type f -perm -u+x 2>/dev/null | sort)
    [ ${#programs[@]} -gt 0 ] && return 0
    say "There are no $2 yet."
    exit 0
}

# dev_fuzz [SECONDS]   Each fuzzer for SECONDS (60), then how its speed compares with the release's; its corpus is kept
# in the cache.
dev_fuzz() {
    local seconds=${1:-60} program
    dev_build asan
    step "Configuring release" build_configure release -DTENON_TESTS=ON
    build_programs build/asan/fuzz fuzzers
    programs=("${programs[@]##*/}")
    step "Building the fuzzers' code in release" ninja -C build/release "${programs[@]/#/replay_}"
    for program in "${programs[@]}"; do
        step "$program for $seconds s" fuzz/run.sh "$program" "$seconds"
    done
    python3 fuzz/speed.py "${programs[@]}"
}

# dev_bench [--core|--host] [ARGUMENT…]   The benchmarks that run anywhere, then those of the virtual
# host. ARGUMENT… go to the former (as --benchmark_filter=plan), or are the number of rounds of the latter.
dev_bench() {
    local program part=''
    case ${1:-} in --core | --host) part=$1 && shift ;; esac
    step "Configuring release" build_configure release -DTENON_BENCH=ON
    step "Building the benchmarks" cmake --build --preset release
    build_programs build/release/bench benchmarks
    [ "$part" = --host ] || for program in "${programs[@]}"; do "$program" "$@"; done
    [ "$part" = --core ] || bench_host "$@"
}

# The rest of a run in the virtual host: one boot of it for everything.
bench_host() {
    local status=0
    say "== in the virtual host (some minutes)"
    TENON=$tenon_root/build/release/src/cli/tenon lab/boot.sh --kernel lab --timeout 3600 -- \
        bench/host/run.sh "$tenon_root/build/release/bench/host" "${1:-5}" || status=$?
    [ "$status" -ne "$unavailable" ] || status=0
    return "$status"
}

#!/usr/bin/env bash
# Installs libtenon and uses what was installed, as somebody who has nothing else of the project.
#
#   installed.sh BUILD COMPILER     BUILD is a build folder of the release preset

set -euo pipefail
root=$(readlink -f "$(dirname "$0")/../..")
build=$1
compiler=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
[ -e "$build/cmake_install.cmake" ] || {
    echo "skipped: $build is not built: tools/dev build release"
    exit 77
}

fail() {
    printf 'FAILED: %s\n' "$*"
    exit 1
}

expect_equal() {
    [ "$2" = "$3" ] || fail "$1: expected:"$'\n'"$2"$'\n'"found:"$'\n'"$3"
    printf 'ok: %s\n' "$1"
}

files_below() { (cd "$1" && find . -type f | sort); }

# build_examples NAME PREFIX   Configures and builds the examples against PREFIX, into $work/NAME.
build_examples() {
    if ! {
        cmake -S "$root/examples" -B "$work/$1" -DCMAKE_CXX_COMPILER="$compiler" \
            -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$2" "${@:3}" &&
            cmake --build "$work/$1"
    } >"$work/log" 2>&1; then
        cat "$work/log"
        fail "the examples do not build ($1)"
    fi
    printf 'ok: the examples build (%s)\n' "$1"
}

cmake --install "$build" --prefix "$prefix" >/dev/null

# Everything else stays inside: no header of src/, no library of a layer.
lib=$(cd "$prefix" && find . -name libtenon.a -type f | head -n 1)
lib=$(dirname "${lib#./}")
expect_equal 'what is installed' "$({
    (cd "$root" && find include/tenon -name '*.h*' -printf './%p\n')
    printf './%s\n' bin/tenon "$lib/libtenon.a" "$lib/pkgconfig/"{lib,}tenon.pc share/doc/tenon/LICENSE \
        share/man/man1/tenon{,-capture,-check,-ctl,-diff,-list,-plan,-run}.1 share/man/man3/libtenon.3 \
        share/man/man5/tenon.toml.5 share/bash-completion/completions/tenon share/zsh/vendor-completions/_tenon \
        share/fish/vendor_completions.d/tenon.fish
    printf "./$lib/cmake/tenon/%s.cmake\n" tenonConfig tenonConfigVersion tenonTargets tenonTargets-release
} | sort)" "$(files_below "$prefix")"

# Symbols that a linker shows to others are those that the headers declare.
internal=$(readelf -sW "$prefix/$lib/libtenon.a" |
    awk '$5 != "LOCAL" && $6 == "DEFAULT" && $7 != "UND" {print $8}' | c++filt |
    grep -E '^tenon::(base|pci|device|host|capture|model|managed|library)::' || true)
expect_equal 'internal symbols that are visible' '' "$internal"

for header in "$prefix"/include/tenon/*.hpp; do
    printf '#include <tenon/%s>\n' "$(basename "$header")" |
        "$compiler" -std=c++23 -fsyntax-only -Wall -Wextra -Wpedantic -Werror \
            -I"$prefix/include" -x c++ - || fail "$header does not compile alone"
done
for standard in c99 c11 c17; do
    printf '#include <tenon/libtenon.h>\n' |
        gcc "-std=$standard" -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I"$prefix/include" -x c - ||
        fail "libtenon.h is no C ($standard)"
done
echo 'ok: each header compiles alone'
if grep -nE '#include [<"](fmt|nlohmann|CLI|linux|base|pci|device|host|capture|model|library)' \
    "$prefix"/include/tenon/*.h*; then
    fail "a public header needs what a program may not have"
fi

# CMake has to find it by itself: no pkg-config, no trace of the build.
build_examples examples "$prefix" -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON -DPKG_CONFIG_EXECUTABLE=/bin/false
expect_equal 'a recorded device' '0000:01:00.0: yes' \
    "$("$work/examples/plan_capture" "$root/tests/captures/lab-nvme.lspci")"
status=0
"$work/examples/plan_capture" "$work/nothing" >"$work/out" 2>"$work/err" || status=$?
expect_equal 'a file that is not there' "2 $work/nothing" "$status $(cut -d: -f1 "$work/err")"
listed=$("$work/examples/list_host" 2>&1) || listed=$(head -n 1 <<<"$listed")
printf 'ok: this host: %s\n' "${listed:-nothing to assign}"
wanted=$("$prefix/bin/tenon" list --json 2>/dev/null |
    python3 -c 'import json, sys
for one in json.load(sys.stdin)["functions"]:
    if one["assignable"]: print(one["address"], one["name"])' 2>/dev/null) || wanted=$listed
expect_equal 'the same as tenon list' "$wanted" "$listed"

expect_equal 'effects of a guest that switches AtomicOps on' 'before the guest starts
  write to the device at: 4
  change bits of the device at: a8
the guest writes 0x40 at 0xa8
  write to the device at: a8
  AtomicOps on: 1' "$("$work/examples/guest_writes" "$root/tests/captures/lab-nvme.lspci,host-atomics=32+64" 0xa8 0x40)"

# Nothing under the GPL comes along: these and no others are linked.
linked=$(ldd "$work/examples/plan_capture" | awk '{print $1}' |
    grep -vE '^(linux-vdso|libfmt|libz|liblzma|libzstd|libpugixml|libyaml-cpp|libstdc\+\+|libm|libgcc_s|libc)\.so|/ld-linux' || true)
expect_equal 'libraries beside fmt, those that unpack or read and those of the compiler' '' "$linked"

# A version of another major number is refused.
mkdir "$work/future"
cat >"$work/future/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(future LANGUAGES CXX)
find_package(tenon 1.0 QUIET)
message(STATUS "found: ${tenon_FOUND}")
END
expect_equal 'version 1.0 of it' '-- found: 0' "$(cmake -S "$work/future" -B "$work/future/build" \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" | grep found:)"

# A package is staged by DESTDIR, and may be unpacked anywhere.
DESTDIR=$work/stage cmake --install "$build" --prefix /usr >/dev/null
mv "$work/stage/usr" "$work/moved"
expect_equal 'what DESTDIR stages' "$(files_below "$prefix")" "$(files_below "$work/moved")"
build_examples moved "$work/moved"

if command -v pkg-config >/dev/null; then
    export PKG_CONFIG_PATH=$prefix/$lib/pkgconfig
    # shellcheck disable=SC2046
    "$compiler" -o "$work/by_pkg_config" "$root/examples/plan_capture.cpp" \
        $(pkg-config --cflags --libs tenon) || fail "pkg-config does not tell how to build"
    "$work/by_pkg_config" "$root/tests/captures/lab-nvme.lspci" >/dev/null
    # shellcheck disable=SC2046
    gcc -o "$work/in_c" "$root/examples/plan.c" $(pkg-config --cflags --libs libtenon) ||
        fail "pkg-config does not tell how to build in C"
    "$work/in_c" "$root/tests/captures/lab-nvme.lspci" >/dev/null
    echo 'ok: by pkg-config'
else
    echo 'pkg-config is not here: not tried'
fi

# shellcheck shell=bash
# An emulator whose IOMMU attaches PASIDs to second-stage tables, and a function whose DMA carries them: lab/nest,
# preloaded into the one of emulator.sh. Sourced after it.
#
#   nest_prepare   builds it in the cache; afterwards $nest_emulator is the program to run, on this machine alone

nest_emulator=

nest_prepare() {
    local key folder
    key=$(cat "${BASH_SOURCE[0]}" "$tenon_root"/lab/nest/* | sha256sum | head -c 12)
    folder=$tenon_cache/nest-$key
    nest_emulator=$folder/qemu-system-x86_64
    [ -e "$folder" ] || once "$folder" "Building the emulator's IOMMU with PASIDs" nest_make
}

nest_make() {
    local folder=$1
    cc -O2 -Wall -Wextra -Wno-unused-parameter -Werror -shared -fPIC -fvisibility=hidden -o "$folder/nest.so" \
        "$tenon_root"/lab/nest/*.c -ldl
    # The one of emulator.sh, with the library preloaded into the program, and not into what it starts.
    sed -e "s|^root=.*|root=$(printf '%q' "$emulator_unpacked")|" \
        -e "s|--argv0|--preload $(printf '%q' "${folder%.making}/nest.so") --argv0|" "$emulator" >"$folder/qemu-system-x86_64"
    chmod +x "$folder/qemu-system-x86_64"
    grep -q -e --preload "$folder/qemu-system-x86_64"
}

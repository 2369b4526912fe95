# shellcheck shell=bash
# What the tests of AtomicOps share: two NVMe controllers whose reports are ours to set. Sourced after lib.sh.

a=0000:01:00.0
b=0000:07:00.0
ports_of_them='00:02.0 00:02.6'

# Root ports that complete everything; of each controller Device Control 2 with a Requester Enable that can be
# set. 07:00.1 is of the group of 07:00.0.
prepare_atomics() {
    local port rules=''
    for port in $ports_of_them 00:02.1; do rules+="$port@exp+24=3c0/3c0/0,"; done
    overlay_config "$rules${a#0000:}@exp+24=0/380/0,${a#0000:}@exp+28=0/40/40,${b#0000:}@exp+24=0/380/0,${b#0000:}@exp+28=0/40/40"
    bind "$a" "$b" 0000:07:00.1
}

# bits_of WIDTHS   As in Device Capabilities 2.
bits_of() {
    case $1 in
        none) echo 0 ;;
        32+64) echo 180 ;;
        128) echo 200 ;;
        32+64+128) echo 380 ;;
    esac
}

# report FUNCTION WIDTHS   From now on VFIO reports these of the function: it completes them itself.
report() {
    printf '%s@exp+24=%s/380/0' "${1#0000:}" "$(bits_of "$2")" >/sys/module/config_overlay/parameters/rules
}

# enable_bit FUNCTION   AtomicOp Requester Enable on the host, 0 or 1.
enable_bit() { echo $((0x$(setpci -s "$1" CAP_EXP+28.w) >> 6 & 1)); }
enable_bits() { echo "$(enable_bit "$a") $(enable_bit "$b")"; }
bit_of() { if [ "$1" = guest ]; then echo 1; else echo 0; fi; }

# shellcheck disable=SC2317  # called by follow_steps
look_at_host() { echo "$1: $(enable_bits)"; }

# planned_atomics FILE   Device Capabilities 2 of the port, and whose bit each function's is.
planned_atomics() {
    python3 -c '
import json, sys
port = json.load(open(sys.argv[1]))["ports"][0]
bits = sum({32: 0x80, 64: 0x100, 128: 0x200}[width] for width in port["atomic_completer"])
print("%08x" % bits, *(one["atomics"]["requester_enable"] for one in port["functions"]))' "$1"
}

# planned_control_2 ARGUMENT…   Device Control 2 of each function, from the dump of the plan.
planned_control_2() {
    "$TENON" plan --emit lspci "$@" >"$work/planned"
    python3 -c '
import re, sys
words = []
for block in open(sys.argv[1]).read().split("\n\n"):
    space = bytearray(4096)
    for at, row in re.findall(r"^([0-9a-f]{2,3}): ((?:[0-9a-f]{2} ?){16})$", block, re.M):
        space[int(at, 16):int(at, 16) + 16] = bytes.fromhex(row)
    at = space[0x34]
    while at and space[at] != 0x10:
        at = space[at + 1]
    if at:
        words.append("%04x" % int.from_bytes(space[at + 0x28:at + 0x2a], "little"))
print(*words)' "$work/planned"
}

# run_guest_with KERNEL TESTS OPTION… -- DEVICE…   As run_guest, with options of `tenon run`.
run_guest_with() {
    local kernel=$1 tests=$2 options=() devices=() status=0
    shift 2
    while [ "$1" != -- ]; do options+=("$1") && shift; done
    shift
    for device in "$@"; do devices+=(--device "$device"); done
    timeout 600 "$TENON" run --kernel "$kernel" --initrd "$TENON_GUEST_INITRD" --memory 256M \
        --append "$(guest_words "$tests")" "${options[@]}" "${devices[@]}" \
        <"$guest_input" >"$console" 2>"$work/messages" || status=$?
    tr -d '\r' <"$console" >"$console.plain"
    mv "$console.plain" "$console"
    cat "$work/messages"
    [ "$status" -eq 0 ] || {
        tail -n 30 "$console"
        fail "tenon run ended with status $status"
    }
}

# check_answers DEVCAP2   What the guest's kernel answered for each function and width follows from the port
# alone: 0 for widths that it completes, -22 for others.
check_answers() {
    local function words result expected wanted wrong=''
    while read -r function words result _; do
        wanted=0
        [[ $words != *32* ]] || wanted=$((wanted | 0x80))
        [[ $words != *64* ]] || wanted=$((wanted | 0x100))
        [[ $words != *128* ]] || wanted=$((wanted | 0x200))
        expected=-22
        [ $((0x$1 & wanted)) -ne "$wanted" ] || expected=0
        [ "${result%,}" = "$expected" ] || wrong+="$function $words ${result%,}, expected $expected; "
    done < <(section atomics | grep DEVCTL2 | tr -d :  | sed 's/^\(....\)\(..\)\(..\)/\1:\2:\3/')
    expect_equal 'answers of pci_enable_atomic_ops_to_root that do not follow from the port' '' "$wrong"
}

# start_fails WHAT ARGUMENT…   `tenon run` fails and no bit is left.
start_fails() {
    local what=$1 status=0
    shift
    timeout 600 "$TENON" run "$@" </dev/null >"$work/out" 2>&1 || status=$?
    [ "$status" -eq 1 ] || {
        cat "$work/out"
        fail "$what: status $status"
    }
    head -n 3 "$work/out"
    expect_equal "$what: AtomicOp Requester Enable afterwards" '0 0' "$(enable_bits)"
}

# A virtual function of the igb: the kernel answers by its physical one and enables that; the guest's bit is
# kept by Tenon.
virtual_function_case() {
    local physical=0000:02:00.0 virtual
    printf '02:00.0@exp+24=180/380/0,02:00.0@exp+28=0/40/40' >/sys/module/config_overlay/parameters/rules
    echo 1 >"/sys/bus/pci/devices/$physical/sriov_numvfs"
    virtual=$(basename "$(readlink "/sys/bus/pci/devices/$physical/virtfn0")")
    bind "$virtual"
    expect_equal 'the physical function before' 0 "$(enable_bit "$physical")"
    "$TENON" plan -v "$virtual" >"$work/plan"
    cat "$work/plan"
    grep -q "physical function $physical" "$work/plan" || fail "the physical function is not named"
    expect_equal 'the physical function after its virtual one was asked about' 1 "$(enable_bit "$physical")"
    tr '\n' ' ' <"$work/plan" | tr -s ' ' | grep -q "set AtomicOp Requester Enable of its physical function $physical" ||
        fail "the plan does not report it"
    # Nothing is looked at between its steps; without an answer the guest waits for one.
    follow_steps 'atomics: ' true
    run_guest_with "$kernel" completers,atomics-on -- "$virtual"
    end_steps >/dev/null
    section completers
    section atomics-on | tee "$work/on"
    grep -q '32+64: 0, DEVCTL2 0000 -> 0040' "$work/on" || fail "the guest's bit is not kept"
    expect_equal 'the bit in the guest after a reset' 0000 "$(sed -n 's/.*DEVCTL2 \([0-9a-f]*\)$/\1/p' "$work/on" | tail -n 1)"
}

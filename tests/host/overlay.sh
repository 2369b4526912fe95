# shellcheck shell=bash
# Laying values over configuration space of the virtual host's functions. Sourced by lib.sh.

# overlay_config RULES [CAPABILITIES]   Lays values over configuration space in the virtual host (see
# lab/modules/config_overlay.c; needs --modules of lab/boot.sh), then has each endpoint that is named removed
# and found again. What was bound before has to be bound again. May be called again for more.
overlay_config() {
    local functions function parameters=/sys/module/config_overlay/parameters bus
    [ -e "$parameters" ] || insmod "${TENON_MODULES:?boot with --modules}/config_overlay.ko" ||
        fail "config_overlay cannot be loaded"
    [ -z "$1" ] || printf '%s' "$1" >$parameters/rules || overlay_failed
    [ -z "${2:-}" ] || printf '%s' "$2" >$parameters/capabilities || overlay_failed
    functions=$(printf '%s,%s' "$1" "${2:-}" | tr , '\n' | sed -n 's/@.*//p' | sort -u)
    for function in $functions; do
        bus=/sys/bus/pci/devices/0000:$function
        case $(cat "$bus/class") in 0x0604*) ;; *) echo 1 >"$bus/remove" ;; esac
    done
    echo 1 >/sys/bus/pci/rescan
    for function in $functions; do
        [ -e "/sys/bus/pci/devices/0000:$function" ] || fail "$function did not come back"
    done
}

overlay_failed() {
    dmesg | grep config_overlay: | tail -n 3
    fail "config_overlay refuses"
}

# overlay_value BB:DD.F@OFFSET FIELD   What config_overlay tells of a dword: value, reset, writes, last.
overlay_value() {
    awk -v place="$1" -v field="$2" '
        $1 == place {for (i = 2; i < NF; i += 2) if ($i == field) print $(i + 1)}
    ' /sys/kernel/debug/config_overlay
}

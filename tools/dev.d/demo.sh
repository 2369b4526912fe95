# shellcheck shell=bash
# The demonstration. Sourced by tools/dev.

# Plans a capture, then assigns a device in the virtual host with Debian's stock kernel, which needs no
# kernel build.
dev_demo() {
    local program=$tenon_root/build/release/src/cli/tenon capture=tests/captures/lab-nvme.lspci
    dev_build release
    say "== tenon plan $capture (a recorded device; nothing of this machine is touched)"
    "$program" plan "$capture" || die "the capture should be assignable as far as it tells"
    say ""
    say "== starting the virtual host (about 10 s)"
    TENON=$program TENON_LAB_KERNEL=stock tests/host/in_virtual_host.sh demo
}

#!/usr/bin/env bash
# A network by the host's own sockets: passt is started and ended with the guest, which gets an address by DHCP,
# fetches 64 MiB from a server of the host, and is reached by a port of the host. What it may not reach it does not.
# The program is killed: that is told, and the guest goes on.
#
#   net.sh

set -euo pipefail

# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"

needs_tenon
bind "$disk"
PATH=$TENON_BACKENDS:$PATH
export PATH
cd "$work"
mkdir served
head -c 64M < <(seq 1 9000000) >served/file
python3 -m http.server --bind 127.0.0.1 --directory served 8000 >/dev/null 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; end_live; rm -rf "$work"' EXIT
until_so 60 'the server listens' eval '(: </dev/tcp/127.0.0.1/8000) 2>/dev/null'

# refused WORDS   A guest does not start.
refused() {
    local status=0
    "$TENON" run --kernel "$(guest_kernel bzimage)" --net user </dev/null 2>"$work/err" || status=$?
    expect_equal 'a start without the program' 1 "$status"
    grep -q "$1" "$work/err" || fail "no word of '$1': $(cat "$work/err")"
}
PATH=/usr/bin:/bin refused 'passt of Debian 13'
mkdir old
printf '#!/bin/sh\necho "Usage: passt [OPTION]..."\n' >old/passt
chmod +x old/passt
PATH=$work/old:$PATH refused 'it is too old'

start_live --device "$disk" --net user,host,forward=tcp:2222:22 --net user,mac=52:54:00:00:00:07
daemons=$(pgrep -P "$guest" -f passt | tr '\n' ' ')
expect_equal 'programs' 2 "$(wc -w <<<"$daemons")"
expect_equal 'station addresses' '52:54:00:12:34:56 52:54:00:00:00:07' \
    "$(in_guest 'cat /sys/class/net/eth0/address /sys/class/net/eth1/address' | tr '\n' ' ' | sed 's/ $//')"

# One line each: the guest's shell reads them from its console.
in_guest 'echo "#!/bin/sh" >/tmp/dhcp; chmod +x /tmp/dhcp'
# shellcheck disable=SC2016  # for the guest
for line in '[ "$1" = bound ] || exit 0' 'ifconfig $interface $ip netmask $subnet' \
    'route add default gw $router' 'echo $router >/tmp/router'; do
    in_guest "echo '$line' >>/tmp/dhcp"
done
in_guest 'ifconfig eth0 up && udhcpc -q -n -t 20 -i eth0 -s /tmp/dhcp >/dev/null 2>&1'
expect_equal 'SHA-256 of what the guest fetched' "$(sha256sum <served/file | cut -d' ' -f1)" \
    "$(in_guest "wget -q -O - http://\$(cat /tmp/router):8000/file | sha256sum | cut -d' ' -f1")"

in_guest 'seq 1 100000 >/tmp/data; nc -l -p 22 </tmp/data >/dev/null 2>&1 & sleep 1'
exec 8<>/dev/tcp/127.0.0.1/2222
expect_equal 'SHA-256 of what came by the port' "$(seq 1 100000 | sha256sum | cut -d' ' -f1)" \
    "$(head -c "$(seq 1 100000 | wc -c)" <&8 | sha256sum | cut -d' ' -f1)"
exec 8>&-
[ "$(ss -Htln 'sport = 2222' | awk '{print $4}')" = 127.0.0.1:2222 ] || fail "$(ss -Htln)"

in_guest 'ifconfig eth0 down; ifconfig eth1 up && udhcpc -q -n -t 20 -i eth1 -s /tmp/dhcp >/dev/null 2>&1'
# shellcheck disable=SC2016  # for the guest
! in_guest 'wget -q -T 10 -O /dev/null "http://$(cat /tmp/router):8000/file"' || fail 'the host was reached'

# The first is the first network's.
kill -KILL "${daemons%% *}"
until_so 120 'the loss is told' grep -q back-end-lost "$events"
grep -q 'passt was ended by signal 9' "$events" || fail "no word of how: $(cat "$events")"
check_guest_disk
shut_down
for process in $daemons; do
    [ ! -e "/proc/$process" ] || fail "a program is there after the guest: $process"
done
printf 'ok: no program is left\n'

#!/usr/bin/env bash
# What is tried with the packages in /try, in a chroot that is thrown away afterwards: see tools/dev.d/package.sh.

set -euo pipefail

# Everything there is but what dpkg and tools of the distribution write for themselves.
files() {
    find / -xdev \( -path /try -o -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path /root \
        -o -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /etc/ld.so.cache -o -path /usr/lib/go-1.19 \
        -o -path '/usr/lib/python3*' \) \
        -prune -o -print | sort
}

say() { printf '== %s\n' "$*"; }

say lintian
# Everything is built by root here, in a chroot that is thrown away.
lintian --allow-root --fail-on error,warning --info /try/*.changes

packages=(/try/*.deb)
files >/try/before
say install
dpkg -i "${packages[@]}"
[ "$(tenon --version)" = "tenon $(dpkg-query -f '${Version}' -W tenon)" ]

say 'tests of the packages'
for test in plan embed; do
    (cd /try/source && AUTOPKGTEST_TMP=$(mktemp -d) "debian/tests/$test")
done

say 'upgrade to a later version'
mkdir /try/later
for package in "${packages[@]}"; do
    dpkg-deb -R "$package" /try/unpacked
    sed -i 's/^Version: .*/&+later/; s/(= \([0-9.]*\))/(= \1+later)/' /try/unpacked/DEBIAN/control
    dpkg-deb -b /try/unpacked "/try/later/${package##*/}" >/dev/null
    rm -r /try/unpacked
done
dpkg -i /try/later/*.deb
tenon --version >/dev/null

say purge
dpkg --purge tenon libtenon-dev libtenon0 tenon-doc
files >/try/after
diff /try/before /try/after
say 'nothing is left'

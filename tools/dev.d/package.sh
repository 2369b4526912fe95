# shellcheck shell=bash
# The Debian packages. Sourced by tools/dev.

# dev_package [FOLDER]   Builds them in a clean chroot of Debian 12, twice, and compares; lintian; installs them in another
# chroot, runs their tests there, upgrades and purges them. They are left in FOLDER (build/package).
dev_package() {
    local out=${1:-build/package} chroots=$tenon_cache/package work
    command -v mmdebstrap >/dev/null || die "mmdebstrap is not installed: apt-get install mmdebstrap"
    [ "$(id -u)" -eq 0 ] || die "a chroot is made and entered by root: sudo tools/dev package"
    mkdir -p "$chroots" "$out"
    work=$(mktemp -d)
    # shellcheck disable=SC2064  # of now
    trap "rm -rf --one-file-system '$work'" EXIT
    package_source "$work/source"
    step "A chroot to build in" package_chroot "$chroots/build.tar" "$(package_build_needs)"
    step "Building the packages" package_build "$chroots/build.tar" "$work" first
    step "Building them again" package_build "$chroots/build.tar" "$work" second
    step "Comparing both" package_compare "$work/first" "$work/second"
    cp "$work/first"/*.deb "$out/"
    step "A chroot to try them in" package_chroot "$chroots/try.tar" "$(package_test_needs "$work/first")"
    step "lintian, tests, upgrade and purge" package_try "$chroots/try.tar" "$work" "$work/first"
    say "The packages are in $out"
}

package_version() { sed -n 's/^project(tenon VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt; }
package_date() { sed -n 's/^set(TENON_DATE \([0-9-]*\))/\1/p' CMakeLists.txt; }

# package_source FOLDER   The tracked files of the tree, and a changelog: the version and its day stand in
# CMakeLists.txt alone.
package_source() {
    local minor
    minor=$(package_version | cut -d. -f1-2)
    if ! grep -q "libtenon-cxx-$minor\$" debian/control || ! grep -q "LIBTENON_CXX_$minor " debian/libtenon0.symbols; then
        die "debian/control and debian/libtenon0.symbols are of another minor version than CMakeLists.txt: $minor"
    fi
    mkdir -p "$1"
    git ls-files -z | tar --null -T - -c | tar -x -C "$1"
    cat >"$1/debian/changelog" <<CHANGES
tenon ($(package_version)) unstable; urgency=medium

  * CHANGELOG.md tells what is new.

 -- $(sed -n 's/^Maintainer: //p' debian/control)  $(LC_ALL=C date -u -R -d "$(package_date)")
CHANGES
}

# What stands behind Build-Depends, without versions.
package_build_needs() {
    sed -n '/^Build-Depends:/,/^[A-Z]/p' debian/control | sed -n 's/^\(Build-Depends:\| \) *\([a-z0-9.+-]*\).*/\2/p' |
        sed 's/^debhelper-compat$/debhelper/' | paste -sd,
}

# package_test_needs DEBS   What the packages need, and their tests, and lintian.
package_test_needs() {
    local package
    {
        sed -n 's/^Depends: //p' debian/tests/control
        for package in "$1"/*.deb; do dpkg-deb -f "$package" Depends; done
        printf 'lintian, man-db\n'
    } | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | grep -vE '^((lib)?tenon.*)?$' | sort -u | paste -sd,
}

# package_chroot TAR PACKAGES   Made anew when what is to be in it changes, and once a week.
package_chroot() {
    local needs
    needs=$(tr -d '\n' <<<"$2")
    if [ "$(cat "$1.needs" 2>/dev/null)" = "$needs" ] && [ -n "$(find "$1" -mtime -7 2>/dev/null)" ]; then return 0; fi
    mmdebstrap --quiet --format=tar --variant=buildd --include="$needs" bookworm "$1.new"
    mv "$1.new" "$1"
    printf '%s' "$needs" >"$1.needs"
}

# package_in FOLDER COMMAND…   In the chroot, without a network, and with a /proc that ends with it.
package_in() {
    # shellcheck disable=SC2016  # for the inner shell
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        unshare --mount --net --pid --fork sh -c \
        'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && root=$1 && shift && exec chroot "$root" "$@"' \
        sh "$@"
}

# package_build TAR WORK NAME   Into WORK/NAME. Each at another place of another name.
package_build() {
    local root=$2/root-$3
    mkdir -p "$root" "$2/$3"
    tar -x -C "$root" -f "$1"
    mkdir -p "$root/build-$3"
    cp -a "$2/source" "$root/build-$3/tenon"
    package_in "$root" sh -c "cd /build-$3/tenon && dpkg-buildpackage -b -us -uc"
    cp "$root/build-$3"/*.deb "$root/build-$3"/*.changes "$root/build-$3"/*.buildinfo "$2/$3/"
    rm -rf --one-file-system "$root"
}

package_compare() {
    local package
    for package in "$1"/*.deb; do
        cmp "$package" "$2/${package##*/}"
    done
}

# package_try TAR WORK DEBS   A purge leaves nothing but what dpkg itself writes.
package_try() {
    local root=$2/root-try
    mkdir -p "$root"
    tar -x -C "$root" -f "$1"
    mkdir -p "$root/try"
    cp "$3"/* "$root/try/"
    cp -a "$2/source" "$root/try/source"
    cp "$tenon_root/tools/package/try.sh" "$root/try/"
    package_in "$root" bash /try/try.sh
    rm -rf --one-file-system "$root"
}

# shellcheck shell=bash
# Installing the packages of tools/packages.txt. Sourced by tools/dev.

# Names of the packages that are not installed.
setup_missing() {
    local wanted
    mapfile -t wanted < <(sed 's/#.*//' "$here/packages.txt" | awk 'NF {print $1}')
    comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
            awk '$1 == "installed" {print $2}' | sort -u)
}

setup() {
    local missing root=()
    command -v dpkg-query >/dev/null || die "the developer tools need Debian 12 or a container of it"
    mapfile -t missing < <(setup_missing)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "as root: apt-get install ${missing[*]}"
        root=(sudo)
    fi
    step "Updating the package lists" "${root[@]}" apt-get update
    step "Installing ${missing[*]}" "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"
}

# shellcheck shell=bash
# Packages of newer Debian suites, unpacked into folders of ours: the machine's own packages, lists
# and settings are neither changed nor used, but for its mirror, its proxy and its keyring.
# Sourced after lib.sh.
#
#   archive_newest REGEX             the package name that matches and sorts highest by version
#   archive_version PACKAGE [SUITE]  the version apt would take
#   archive_unpack PACKAGE… FOLDER   downloads these packages alone and unpacks them
#   archive_unpack_closure SUITE PACKAGE FOLDER   the package and all it depends on
#
# apt verifies the signature of the lists and the checksum of every package.

archive_folder=$tenon_cache/apt
# Whose packages they are. What only a later suite has comes from lists of its own, so that nothing else is taken
# from there.
archive_suites=(trixie trixie-updates trixie-backports bookworm)
archive_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The machine's mirror of SUITE, from its own apt settings, whichever way they are written.
archive_mirror() {
    local suite=$1 mirror
    # Without --no-release-info apt lists only what `apt-get update` has fetched before.
    mirror=$(apt-get indextargets --no-release-info --format "\$(RELEASE) \$(REPO_URI)" \
        'Identifier: Packages' | awk -v suite="$suite" '$1 == suite {print $2; exit}')
    [ -n "$mirror" ] || unavailable "this machine's apt settings name no mirror of Debian's suite $suite"
    printf '%s\n' "$mirror"
}

archive_prepare() {
    command -v apt-get >/dev/null || unavailable "the virtual host needs Debian's apt"
    [ -e "$archive_folder/apt.conf" ] && return 0
    once "$archive_folder" "Fetching the package lists of Debian's newer suites" archive_make
}

archive_make() {
    local folder=$1 main security suite
    main=$(archive_mirror bookworm)
    security=$(archive_mirror bookworm-security)
    mkdir -p "$folder"/{lists/partial,archives/partial,none}
    : >"$folder/status"
    for suite in "${archive_suites[@]}"; do
        printf 'deb [signed-by=%s] %s %s main\n' "$archive_keyring" "$main" "$suite"
    done >"$folder/sources.list"
    printf 'deb [signed-by=%s] %s bookworm-security main\n' "$archive_keyring" "$security" \
        >>"$folder/sources.list"
    # Of the machine's settings only those of the transport (proxies, certificates, retries).
    apt-config dump | grep '^Acquire::' | grep -v '^Acquire::Languages' >"$folder/transport.conf" || true
    archive_configure "$folder"
    archive_apt_in "$folder" apt-get -o APT::Update::Error-Mode=any update ||
        unavailable "the package lists cannot be fetched from $main"
    archive_configure "$folder" "$archive_folder"
}

# archive_configure FOLDER [NAMED]   Writes FOLDER/apt.conf, its paths as if FOLDER were NAMED.
archive_configure() {
    local folder=$1 named=${2:-$1}
    cat >"$folder/apt.conf.new" <<END
Dir::Etc::main "$named/none/none";
Dir::Etc::parts "$named/none";
Dir::Etc::sourcelist "$named/sources.list";
Dir::Etc::sourceparts "$named/none";
Dir::Etc::preferences "$named/none/none";
Dir::Etc::preferencesparts "$named/none";
Dir::Etc::trusted "$named/none/none";
Dir::Etc::trustedparts "$named/none";
Dir::State "$named";
Dir::State::status "$named/status";
Dir::State::lists "$named/lists";
Dir::State::extended_states "$named/extended_states";
Dir::Cache "$named";
Dir::Cache::archives "$named/archives";
Dir::Log "$named/none";
Acquire::Languages "none";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
APT::Sandbox::User "";
END
    cat "$folder/transport.conf" >>"$folder/apt.conf.new"
    mv "$folder/apt.conf.new" "$folder/apt.conf"
}

archive_apt_in() {
    local folder=$1
    shift
    APT_CONFIG=$folder/apt.conf "$@"
}

archive_apt() { archive_apt_in "$archive_folder" "$@"; }

archive_newest() {
    archive_apt apt-cache search --names-only "$1" | awk '{print $1}' | sort -V | tail -n 1
}

archive_version() {
    archive_apt apt-cache ${2:+-t "$2"} policy "$1" | awk '$1 == "Candidate:" {print $2}'
}

archive_unpack() {
    local into=${*: -1} package
    mkdir -p "$into/debs"
    (cd "$into/debs" && archive_apt apt-get download "${@:1:$#-1}") ||
        unavailable "cannot download ${*:1:$#-1}"
    for package in "$into"/debs/*.deb; do dpkg -x "$package" "$into"; done
    rm -rf "$into/debs"
}

archive_unpack_closure() {
    local suite=$1 package=$2 into=$3 file archives
    # One at a time: all that was downloaded is taken.
    exec {archives}>"$archive_folder/archives.lock"
    flock "$archives"
    archive_apt apt-get -t "$suite" --download-only install "$package" ||
        unavailable "cannot download $package"
    for file in "$archive_folder"/archives/*.deb; do dpkg -x "$file" "$into"; done
    archive_apt apt-get clean
    exec {archives}>&-
}

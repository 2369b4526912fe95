# shellcheck shell=bash
# What the scripts of lab/ and tools/ share: places, messages, steps with their time.
# Sourced, never run. The caller has set `set -euo pipefail`.

tenon_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
tenon_cache=${XDG_CACHE_HOME:-$HOME/.cache}/tenon

# Messages go to standard error, so that the output of a command in the virtual host stays its own.
say() { printf '%s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The virtual host cannot be had here, for a reason outside the project. Tests skip on this status.
unavailable=69
unavailable() { printf 'unavailable: %s\n' "$*" >&2; exit "$unavailable"; }

# step TITLE COMMAND…   One line with the time it took; the command's output goes to a log, which is
# shown when the command fails. A long one says on further lines how far it is.
step() {
    local title=$1 begun=$SECONDS log status=0 watcher
    shift
    mkdir -p "$tenon_cache/log"
    log=$tenon_cache/log/$(tr -cs 'a-zA-Z0-9.' '-' <<<"$title" | head -c 60).log
    printf '%s … ' "$title" >&2
    : >"$log"
    step_watch "$title" "$log" &
    watcher=$!
    # A subshell with its own errexit: `set -e` is off inside a command that is tested.
    set +e
    (set -e; "$@") >"$log" 2>&1 </dev/null
    status=$?
    kill "$watcher" 2>/dev/null && wait "$watcher" 2>/dev/null
    set -e
    if [ -t 2 ]; then
        printf '\r%s … ' "$title" >&2
    elif [ $((SECONDS - begun)) -ge 20 ]; then
        printf '\n%s … ' "$title" >&2
    fi
    if [ "$status" -ne 0 ]; then
        say "failed after $((SECONDS - begun)) s (log: $log)"
        tail -n 60 "$log" >&2
        return "$status"
    fi
    say "$((SECONDS - begun)) s"
}

# step_watch TITLE LOG   The newest [n/m] that a build wrote to LOG and the seconds since the start: on a terminal
# each second in place, elsewhere a line each 20 seconds.
step_watch() {
    local begun=$SECONDS pause=20 form='\n  %.0s%s%s s' at
    [ ! -t 2 ] || pause=1 form='\r%s … %s%s s '
    # An own sleep, so that ending this ends it as well.
    trap 'kill "$sleeper" 2>/dev/null; exit' TERM
    while kill -0 "$$" 2>/dev/null; do
        sleep "$pause" &
        sleeper=$!
        wait "$sleeper"
        at=$(tail -c 4000 "$2" | grep -aoE '^\[[0-9]+/[0-9]+\]' | tail -n 1) || true
        # shellcheck disable=SC2059  # the form is ours
        printf "$form" "$1" "${at:+$at }" "$((SECONDS - begun))" >&2
    done
}

# once FOLDER TITLE COMMAND…   Makes FOLDER unless it is there already. The command gets a fresh
# folder as its last argument, which becomes FOLDER only when all went well.
once() {
    local folder=$1 title=$2 making=$1.making
    shift 2
    [ -e "$folder" ] && return 0
    mkdir -p "$(dirname "$folder")"
    exec {lock}>"$folder.lock"
    flock "$lock"
    if [ ! -e "$folder" ]; then
        rm -rf "$making"
        mkdir -p "$making"
        step "$title" "$@" "$making"
        mv "$making" "$folder"
    fi
    exec {lock}>&-
}

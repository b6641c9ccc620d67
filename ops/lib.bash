# Sourced by ops/setup, ops/demo, ops/test and .ci/run: messages, and running a command so that nothing outlives it.
# shellcheck shell=bash

# Every command works in the project's folder, whatever folder it was called from.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

say() { printf '%s\n' "── $*"; }

# fail WHAT [REMEDY]: says both on standard error and ends with 1.
fail() {
    echo "error: $1" >&2
    [[ -z ${2:-} ]] || echo "remedy: $2" >&2
    exit 1
}

# at_end COMMAND ...: runs it when the script ends, in whatever way; of several the last one first.
at_end() {
    local command
    printf -v command '%q ' "$@"
    last_things="$command || true; ${last_things:-}"
    trap 'eval "$last_things"' EXIT
}

# guarded COMMAND ...: runs it in a process group of its own, with an empty scratch folder as TMPDIR, and passes INT,
# TERM and HUP on to the group. When the command has ended, what is left of its group is ended and the folder removed: a
# server that the command started does not outlive it even if the command was killed. Returns the command's status.
guarded() {
    local status signal
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/breadcrumb.XXXXXX") # short: a socket's path may have 107 bytes
    at_end end_guarded
    set -m # a group of its own for the background job
    TMPDIR=$scratch "$@" </dev/null &
    group=$!
    set +m
    for signal in INT TERM HUP; do
        # shellcheck disable=SC2064 # the signal and the group of now
        trap "kill -s $signal -- -$group 2>/dev/null || true" "$signal"
    done
    while :; do # a signal ends `wait`, not the command
        status=0
        wait "$group" || status=$?
        kill -0 "$group" 2>/dev/null || break
    done
    trap - INT TERM HUP
    end_guarded
    return "$status"
}

# Ends what is left of the group that `guarded` started, gently and after five seconds by force, and removes its folder.
end_guarded() {
    local signal attempt
    [[ -n ${scratch:-} ]] || return 0
    for signal in ${group:+TERM KILL}; do
        kill -s "$signal" -- "-$group" 2>/dev/null || break
        for ((attempt = 0; attempt < 50; attempt++)); do
            kill -0 -- "-$group" 2>/dev/null || break 2
            sleep 0.1
        done
    done
    rm -rf "$scratch"
    group='' scratch=''
}

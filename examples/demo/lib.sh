# shellcheck shell=bash
# What the demos share: a local AWS of their own, and steps that show a command and hold it to
# what it should say. To be sourced, from the root of the repository.
: "${work:?the folder of the demo}"
PATH="$PWD/.venv/bin:$PATH"
unset AWS_PROFILE AWS_SESSION_TOKEN # yours have no business here
pid=
trap '[ "$?" = 0 ] || [ -z "$pid" ] || kill "$pid"' EXIT

start_sandbox() {
    stop_earlier
    rm -rf "$work"
    mkdir -p "$work"
    (umask 077 && : >"$work/env") # it will hold the key of the local AWS
    reconcile sandbox --port 0 >"$work/env" 2>"$work/sandbox.log" </dev/null &
    pid=$!
    echo "$pid" >"$work/pid"
    for _ in $(seq 600); do
        if grep -q '^# ready' "$work/env"; then
            # shellcheck disable=SC1091  # written a moment ago
            source "$work/env"
            return
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/sandbox.log" >&2
    fail "the local AWS did not start"
}

# An earlier demo's sandbox, if what its files name is still what answers there.
stop_earlier() {
    local port
    [ -f "$work/pid" ] || return 0
    port=$(sed -n 's|^export AWS_ENDPOINT_URL=http://127.0.0.1:||p' "$work/env")
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then kill "$(cat "$work/pid")"; fi
}

# expect STATUS TEXT COMMAND...: show the command and what it prints; hold it to both.
expect() {
    local wanted=$1 text=$2 status=0
    shift 2
    show "$@"
    "$@" 2>&1 | tee "$work/last" || status=$?
    [ "$status" = "$wanted" ] || fail "exit $status where $wanted was promised"
    grep -qF -- "$text" "$work/last" || fail "nothing said '$text'"
}

show() {
    printf '\n$ %s\n' "$*"
}

heading() {
    printf '\n\n==> %s\n' "$*"
}

fail() {
    echo "demo: $*" >&2
    exit 1
}

note() {
    printf '  %s\n' "$1"
}

go_on() {
    printf '  %-52s # %s\n' "$1" "$2"
}

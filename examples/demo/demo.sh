#!/usr/bin/env bash
# The whole story in half a minute, on this machine, against a local AWS: plan, apply, nothing to
# do, a change by hand, found and repaired. `make demo` calls it. It stops with an error as soon as
# a step does not show what it promises, and leaves the local AWS running to go on with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PATH="$PWD/.venv/bin:$PATH"
unset AWS_PROFILE AWS_SESSION_TOKEN # yours have no business here
work=${DEMO_DIR:-.demo}
pid=
trap '[ "$?" = 0 ] || [ -z "$pid" ] || kill "$pid"' EXIT

main() {
    start_sandbox
    cp -r fleets "$work/fleets"

    heading "1. What would be made. Nothing is written: a dry run only reads"
    expect 3 "to create" reconcile -f "$work/fleets" --dry-run --exit-code

    heading "2. Make it"
    expect 0 "" reconcile -f "$work/fleets" --wait

    heading "3. Again: nothing to do"
    expect 0 "" reconcile -f "$work/fleets" --dry-run --exit-code

    heading "4. Somebody changes two things by hand"
    show python examples/demo/tamper.py
    python examples/demo/tamper.py

    heading "5. A dry run finds them"
    expect 3 "max_size" reconcile -f "$work/fleets" --dry-run --exit-code

    heading "6. A run puts them back"
    expect 0 "" reconcile -f "$work/fleets"
    expect 0 "" reconcile -f "$work/fleets" --dry-run --exit-code

    heading "Go on yourself. The local AWS is still running"
    go_on "source $work/env" "point any AWS tool of this shell at it"
    go_on ".venv/bin/reconcile -f $work/fleets explain alice" "where each value comes from"
    go_on "\$EDITOR $work/fleets/vision.yaml" "change something, then:"
    go_on ".venv/bin/reconcile -f $work/fleets --dry-run" "what that would do"
    go_on "kill $pid" "stop it; make demo begins anew"
}

go_on() {
    printf '  %-52s # %s\n' "$1" "$2"
}

start_sandbox() {
    stop_earlier
    rm -rf "$work"
    mkdir -p "$work"
    reconcile sandbox --port 0 >"$work/env" 2>"$work/sandbox.log" </dev/null &
    pid=$!
    echo "$pid" >"$work/pid"
    for _ in $(seq 100); do
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

main

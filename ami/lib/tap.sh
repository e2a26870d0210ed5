#!/usr/bin/env bash
# Print the results of checks as TAP. A check is a function that fails and prints why.
set -uo pipefail
export LC_ALL=C

tests=0 failed=0

# Run one check: check TEXT FUNCTION [ARGUMENT…]
check() {
    local text=$1 reason
    shift
    tests=$((tests + 1))
    if reason=$("$@" 2>&1); then
        printf 'ok %d - %s\n' "$tests" "$text"
        return
    fi
    failed=$((failed + 1))
    printf 'not ok %d - %s\n' "$tests" "$text"
    printf '%s\n' "${reason:-$1 failed}" | head -n 10 | sed 's/^/# /'
}

# Note a check that does not apply: skip TEXT REASON
skip() {
    tests=$((tests + 1))
    printf 'ok %d - %s # SKIP %s\n' "$tests" "$1" "$2"
}

summary() {
    printf '1..%d\n' "$tests"
    exit $((failed > 0))
}

# Fail with the two texts if they differ: same FOUND EXPECTED
same() {
    [ "$1" = "$2" ] && return
    printf 'found "%s", expected "%s"\n' "$1" "$2"
    return 1
}

# Fail and list them if there are any of these: none WORD…
none() {
    [ $# -eq 0 ] && return
    printf 'found: %s\n' "$*"
    return 1
}

# Print an entry of /etc/ws/build.json, or nothing.
fact() {
    python3 -I -c 'import json, sys; print(json.load(open("/etc/ws/build.json")).get(sys.argv[1], ""))' "$1"
}

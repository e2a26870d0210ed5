#!/usr/bin/env bash
# The whole story in half a minute, on this machine, against a local AWS: plan, apply, nothing to
# do, a change by hand, found and repaired, a start. `make demo` calls it. It stops with an error as
# soon as a step does not show what it promises, and leaves the local AWS running to go on with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=${DEMO_DIR:-.demo}
# shellcheck source=examples/demo/lib.sh
source examples/demo/lib.sh

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

    heading "7. A workstation starts. The local AWS only plays its machine: no system boots there"
    expect 0 "a start is requested" workstation start alice --for 2h --no-wait
    expect 0 "" reconcile sandbox clock +1m
    expect 0 "phase      ready" workstation status alice
    note "On AWS, ready means that the agent of the machine has mounted the home. Here nothing is"
    note "mounted: the local AWS attaches the volume and writes the same tags as the agent."

    heading "Go on yourself. The local AWS is still running"
    go_on "source $work/env" "point any AWS tool of this shell at it"
    go_on ".venv/bin/reconcile -f $work/fleets explain alice" "where each value comes from"
    go_on "\$EDITOR $work/fleets/vision.yaml" "change something, then:"
    go_on ".venv/bin/reconcile -f $work/fleets --dry-run" "what that would do"
    go_on "kill $pid" "stop it; make demo begins anew"
}

main

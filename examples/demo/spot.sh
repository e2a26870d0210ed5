#!/usr/bin/env bash
# One day on Spot, told in a minute against a local AWS whose time is moved: a start at nine, Spot
# takes the machine back and has no other, On-Demand after the declared wait, a stop at seven, and
# Spot again the next morning. `make demo-spot` calls it. The reconciler runs every five minutes
# all day and night; it stops with an error where one of them writes what it should not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=${DEMO_DIR:-.demo-spot}
# shellcheck source=examples/demo/lib.sh
source examples/demo/lib.sh
day=(python examples/demo/day.py "$work/fleets" --zone Europe/Berlin)

main() {
    start_sandbox
    cp -r fleets "$work/fleets"

    heading "Monday, early. A fleet is made"
    expect 0 "" reconcile sandbox clock "Mon 08:30" --timezone Europe/Berlin
    expect 0 "created" reconcile -f "$work/fleets" --wait

    heading "09:00. The schedule starts alice's workstation, on Spot. Its machine is only played"
    expect 0 "0 runs wrote" "${day[@]}" --until "Mon 09:05"
    expect 0 "phase      ready" workstation status alice

    heading "11:00. Spot takes it back, and has nothing else"
    expect 0 "" "${day[@]}" --until "Mon 11:00"
    expect 0 "" reconcile sandbox capacity take "*"
    expect 0 "" reconcile sandbox interrupt acme-alice
    expect 0 "" "${day[@]}" --until "Mon 11:05"
    expect 0 "no Spot capacity" workstation why alice

    heading "On-Demand, ten minutes after the first refusal, by a run of the reconciler"
    expect 0 "1 runs wrote" "${day[@]}" --until "Mon 11:20"
    expect 0 "On-Demand" workstation status alice

    heading "Noon. Spot has plenty again: nobody is cut off for it"
    expect 0 "" reconcile sandbox capacity give "*"
    expect 0 "1 runs wrote" "${day[@]}" --until "Mon 18:55" # when it stops, for its machine

    heading "19:00. The schedule stops it; with nothing running, the way back to Spot"
    expect 0 "1 runs wrote" "${day[@]}" --until "Mon 19:30"
    expect 0 "off" workstation status alice

    heading "Tuesday, 09:00. Spot"
    expect 0 "0 runs wrote" "${day[@]}" --until "Tue 09:05"
    expect 0 "Spot" workstation status alice

    heading "Go on yourself. The local AWS is still running, and its time is yours to move"
    go_on "source $work/env" "point any AWS tool of this shell at it"
    go_on ".venv/bin/reconcile sandbox clock +2h" "move time"
    go_on ".venv/bin/workstation hold alice until Fri" "keep it on over the week's stops"
    go_on ".venv/bin/reconcile -f $work/fleets --dry-run" "what a run would do"
    go_on "kill $pid" "stop it; make demo-spot begins anew"
}

main

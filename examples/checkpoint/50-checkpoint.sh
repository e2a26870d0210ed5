#!/bin/sh
# Let each training of this example write its state before the machine goes.
#
#     mkdir -p ~/.config/ws/on-interrupt.d
#     cp 50-checkpoint.sh ~/.config/ws/on-interrupt.d/
#     chmod +x ~/.config/ws/on-interrupt.d/50-checkpoint.sh
#
# It runs as you, when AWS or a schedule takes the machine. WS_REASON says why; WS_DEADLINE is when
# the home is unmounted, in seconds since 1970. After 25 seconds, or at the deadline, it is ended.
set -eu

for file in "$HOME"/checkpoints/*/pid; do
    [ -e "$file" ] || continue
    pid=$(cat "$file")
    # After a restart the number may be another program's.
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q 'train\.py'; then
        kill -TERM "$pid"
    else
        rm -f "$file"
    fi
done

# A training removes its file when its state is written. Until then nothing is unmounted.
for file in "$HOME"/checkpoints/*/pid; do
    while [ -e "$file" ]; do
        sleep 0.1
    done
done

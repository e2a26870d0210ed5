#!/usr/bin/env bash
# Checks of an instance with a GPU that was started from the new image. It is no workstation: it has no
# instance file, so the agent's own units fail there, and are left out.
# shellcheck disable=SC2329 # check calls these functions by name
# shellcheck source=../lib/tap.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"

started() {
    local state
    state=$(timeout 300 systemctl is-system-running --wait)
    case $state in running | degraded) ;; *) same "${state:-still starting after 300 s}" running ;; esac
}

no_failed_units() {
    local found
    found=$(systemctl list-units --failed --plain --no-legend | awk '{ print $1 }' |
        grep -vxE 'ws-(boot|watch|idle)\.service')
    # shellcheck disable=SC2086 # names of units, one word each
    none $found
}

gpu_answers() {
    local found
    found=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>&1) || {
        printf '%s\n' "$found"
        return 1
    }
    same "$(sort -u <<<"$found")" "$(fact driver)"
}

not_loaded() { ! grep -q "^$1 " /proc/modules; }
loads() { modprobe "$1" && grep -q "^$1 " /proc/modules; }
active() { same "$(systemctl is-active "$1")" active; }

desktop_on_gpu() {
    local found xauthority
    xauthority=/run/user/$(id -u gdm)/gdm/Xauthority
    found=$(DISPLAY=:0 XAUTHORITY=$xauthority timeout 60 glxinfo -B 2>&1 | grep -m 1 'OpenGL vendor')
    same "${found##*: }" "NVIDIA Corporation"
}

answers_tls() {
    python3 -I - "$1" <<'PYTHON'
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)).close()
PYTHON
}

synchronised() {
    local left=30
    until [ "$(timedatectl show --property NTPSynchronized --value)" = yes ]; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 2
    done
}

check "the machine has started" started
check "it runs the kernel of the image" same "$(uname -r)" "$(fact kernel)"
check "the GPU answers, with the driver of the image" gpu_answers
check "CUDA's module is loaded" loads nvidia_uvm
check "nouveau is not loaded" not_loaded nouveau
check "the driver stays initialised" active nvidia-persistenced.service
if [ -n "$(fact lustre)" ]; then
    check "Lustre's module loads" loads lustre
else
    skip "Lustre's module loads" "the image has none"
fi
if [ -n "$(fact dcv)" ]; then
    check "the desktop runs on the GPU" desktop_on_gpu
    check "DCV runs" active dcvserver.service
    check "DCV answers on port 8443" answers_tls 8443
else
    skip "the desktop runs on the GPU" "the image has none"
fi
if command -v nvidia-container-cli >/dev/null; then
    check "containers see the GPU" nvidia-container-cli info
else
    skip "containers see the GPU" "the image has no container toolkit"
fi
check "the SSM Agent runs" active amazon-ssm-agent.service
check "the clock is synchronised" synchronised
check "no unit has failed" no_failed_units
summary

#!/usr/bin/env bash
# Checks of the build instance after the last stage, without a GPU. They change nothing.
# shellcheck disable=SC2329 # check calls these functions by name
# shellcheck source=../lib/tap.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
shopt -s nullglob

kernel=$(fact kernel) driver=$(fact driver) os=$(fact os) lustre=$(fact lustre)
[ -n "$kernel" ] && [ -n "$os" ] || {
    printf 'not ok 1 - /etc/ws/build.json names a kernel and an operating system\n1..1\n'
    exit 1
}

installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

# The same as image.yaml wants: an image without what it wants must not pass as one that does without.
facts() {
    local key
    for key in version arch flavour driver; do
        [ -n "$(fact "$key")" ] || echo "no $key"
    done
    same "$(fact os)" "${WS_OS:-}"
    same "$(fact agent)" "${WS_AGENT_VERSION:-}"
    same "$(fact content)" "${WS_CONTENT_HASH:-}"
    [ "$os" != ubuntu-24.04 ] || same "$(fact dcv)" "${WS_DCV_VERSION:-}"
    [ "$os" != ubuntu-24.04 ] || same "${lustre:+yes}" "${WS_LUSTRE_REPOSITORY:+yes}"
}

one_kernel() {
    local found=(/lib/modules/[0-9]*) images=(/boot/vmlinuz-*)
    same "${found[*]}" "/lib/modules/$kernel" && same "${images[*]}" "/boot/vmlinuz-$kernel"
}

initial_ram_disk() { [ -s "/boot/initrd.img-$kernel" ] || [ -s "/boot/initramfs-$kernel.img" ]; }

module_is_for_kernel() {
    local found
    found=$(modinfo -k "$kernel" -F vermagic "$1") && same "${found%% *}" "$kernel"
}

modules_complete() { modprobe --show-depends -S "$kernel" "$1" >/dev/null; }

versions_agree() {
    same "$(modinfo -k "$kernel" -F version nvidia)" "$driver" || return 1
    local name found
    for name in utils compute-utils; do
        found=$(dpkg-query -W -f '${Version}' "nvidia-$name-*" 2>/dev/null)
        same "${found%%-*}" "$driver" || return 1
    done
}

held() {
    local missing name
    missing=$(comm -13 <(dpkg-query -W -f '${db:Status-Want} ${Package}\n' | sed -n 's/^hold //p' | sort) \
        <(printf '%s\n' "$@" | sort))
    # shellcheck disable=SC2086 # names of packages, one word each
    none $missing
}

no_upgrade_of_kernel() {
    local lists text
    lists=$(mktemp -d)
    mkdir "$lists/partial"
    text=$(apt-get -qq -o "Dir::State::Lists=$lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o APT::Update::Error-Mode=any update 2>&1 &&
        apt-get -s -o "Dir::State::Lists=$lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
            -o Debug::NoLocking=true dist-upgrade 2>&1) || {
        rm -r "$lists"
        printf '%s\n' "$text" | tail -n 5
        return 1
    }
    rm -r "$lists"
    ! grep -E '^(Inst|Remv) (linux-(image|modules|headers|aws)|nvidia-|libnvidia-|lustre-)' <<<"$text"
}

not_installed() {
    local each found=()
    for each in "$@"; do
        ! installed "$each" || found+=("$each")
    done
    none "${found[@]}"
}

units_enabled() {
    local each found=()
    for each in "$@"; do
        systemctl is-enabled --quiet "$each" 2>/dev/null || found+=("$each")
    done
    [ ${#found[@]} -eq 0 ] || echo "not enabled: ${found[*]}"
    [ ${#found[@]} -eq 0 ]
}

# It ends with 0 whatever it finds, and prints what it finds.
units_verify() {
    local text
    text=$(systemd-analyze verify --man=no --recursive-errors=no "$@" 2>&1)
    same "$text" ""
}

masked() {
    local each
    for each in "$@"; do same "$(systemctl is-enabled "$each" 2>/dev/null)" masked || return 1; done
}

agent_runs() { python3 -I /usr/lib/ws/ws.pyz --help >/dev/null && /usr/bin/ws --help >/dev/null; }

machine_id_empty() { [ -e /etc/machine-id ] && [ ! -s /etc/machine-id ]; }

cloud_init_clean() {
    local found=(/var/lib/cloud/instance /var/lib/cloud/instances/* /var/lib/cloud/sem/* /var/lib/cloud/data/*) each kept=()
    for each in "${found[@]}"; do
        [ ! -e "$each" ] || kept+=("$each")
    done
    none "${kept[@]}"
}

no_secrets() {
    local found
    found=$(grep -rIlE --exclude-dir=ca-certificates -- \
        '-----BEGIN ([A-Z]+ )*PRIVATE KEY-----|(^|[^A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}([^A-Z0-9]|$)' \
        /etc /root /home /srv /opt /var/lib/cloud 2>/dev/null)
    # shellcheck disable=SC2086 # paths, for people
    none $found
}

gib_free() {
    local free
    free=$(df --output=avail -k / | tail -n 1)
    [ "$free" -ge $(($1 * 1024 * 1024)) ] || {
        echo "$((free / 1024)) MiB"
        return 1
    }
}

dcv_console() {
    grep -qx 'WaylandEnable=false' /etc/gdm3/custom.conf || echo "Wayland is not off in /etc/gdm3/custom.conf"
    id -nG dcv | grep -qw video || echo "dcv is not in the group video"
    ! installed nice-dcv-gl || echo "nice-dcv-gl is installed: it is for virtual sessions"
    grep -qx 'create-session=true' /etc/dcv/dcv.conf || echo "/etc/dcv/dcv.conf creates no session"
    ! grep -qiE '^authentication *= *"?none' /etc/dcv/dcv.conf || echo "/etc/dcv/dcv.conf lets everybody in"
    ! [ -e /etc/dcv/dcv.key ] || echo "/etc/dcv/dcv.key would be the key of every machine"
}

quiet() {
    local text
    text=$("$@" 2>&1)
    same "$text" ""
}

check "build.json says what image.yaml wants" quiet facts
check "exactly one kernel, $kernel" one_kernel
check "the kernel has its initial RAM disk" initial_ram_disk
check "NVIDIA's module is for this kernel" module_is_for_kernel nvidia
for module in nvidia-uvm nvidia-drm; do check "$module finds every module that it needs" modules_complete $module; done
if [ -n "$lustre" ]; then
    check "Lustre's module is for this kernel" module_is_for_kernel lustre
else
    skip "Lustre's module is for this kernel" "no lustre in image.yaml"
fi
if [ "$os" = ubuntu-24.04 ]; then
    check "the module and the libraries of NVIDIA have one version, $driver" versions_agree
    check "kernel and modules are held" held "linux-image-$kernel" "linux-modules-$kernel" \
        "$(dpkg-query -W -f '${Package}\n' "linux-modules-nvidia-*-$kernel" 2>/dev/null | head -n 1)" \
        ${lustre:+"lustre-client-modules-$kernel"}
    check "an upgrade of everything changes no kernel and no driver" no_upgrade_of_kernel
    check "no DKMS and no compiler" not_installed dkms gcc clang
    check "nothing upgrades packages on its own" masked apt-daily.timer apt-daily-upgrade.timer
    check "snapd is not installed" not_installed snapd
fi

units=()
for unit in "$(dirname -- "${BASH_SOURCE[0]}")"/../agent/units/*; do
    if grep -q '^\[Install\]' "$unit"; then units+=("$(basename "$unit")"); fi
done
check "the agent is here, with its units" test ${#units[@]} -gt 0
check "its units are enabled" units_enabled "${units[@]}" amazon-ssm-agent.service
files=(/etc/systemd/system/ws-*)
check "systemd finds nothing wrong with the units" units_verify "${files[@]}"
check "ws runs" agent_runs
if [ -n "$(fact dcv)" ]; then
    check "DCV has a console session on the GPU" quiet dcv_console
    check "DCV starts" units_enabled dcvserver.service ws-xorg.service
else
    skip "DCV has a console session on the GPU" "no dcv in image.yaml"
fi

check "no host keys of SSH" none /etc/ssh/ssh_host_*
check "no authorized keys" none /root/.ssh/* /home/*/.ssh/*
check "the machine id is empty" machine_id_empty
check "cloud-init starts anew" cloud_init_clean
check "no file of one machine" none /etc/ws/instance.jso[n] /usr/sbin/policy-rc.[d] /var/log/ws-bake.lo[g] /etc/hostnam[e]
check "no private key and no access key" no_secrets
check "at least 1 GiB is free" gib_free 1
summary

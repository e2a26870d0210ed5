#!/usr/bin/env bash
# Functions that the stages share. Reading this file sets variables and functions, and does nothing else.
set -euo pipefail

# shellcheck disable=SC2034 # the stages use them
ami=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
stage=$(basename -- "$0" .sh)
log=/var/log/ws-bake.log
facts=/etc/ws/build.json
# shellcheck disable=SC2034
keyrings=/usr/share/keyrings
restart=/run/ws-restart # on tmpfs: a restart of the machine removes it

export LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1

say() { printf '[%s] %s\n' "$stage" "$*"; }

fail() {
    printf '[%s] %s\n' "$stage" "$*" >&2
    exit 1
}

# End with 78: image.yaml has to be changed.
refuse() {
    printf '[%s] %s\n' "$stage" "$*" >&2
    exit 78
}

# Print a value of image.yaml by its path, or nothing: value nvidia.branch
value() {
    local name=${1^^}
    name=WS_${name//./_}
    printf '%s' "${!name:-}"
}

# Refuse to go on without these values of image.yaml.
need() {
    local path missing=()
    for path in "$@"; do
        [ -n "$(value "$path")" ] || missing+=("$path")
    done
    [ ${#missing[@]} -eq 0 ] ||
        refuse "image.yaml has no value for ${missing[*]}: ami/README.md says where to find each one"
}

# Tell whether any of these values is given, and refuse to go on if only some are.
wanted() {
    local path
    for path in "$@"; do
        [ -n "$(value "$path")" ] || continue
        need "$@"
        return 0
    done
    return 1
}

# End this stage where it is not meant for this operating system.
only() {
    need os
    [ "$(value os)" = "$1" ] && return
    say "skipped: it is for $1, and this is $(value os)"
    exit 0
}

# Run a program with its output in the log; show the end of it if the program fails.
quietly() {
    printf '$ %s\n' "$*" >>"$log"
    "$@" >>"$log" 2>&1 && return
    tail -n 20 "$log" >&2
    fail "this command failed, see above and $log: $*"
}

# Try a command a number of times, with a pause in seconds: retry 5 10 COMMAND
retry() {
    local left=$1 pause=$2
    shift 2
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep "$pause"
    done
}

# Write standard input to a file, unless the file is like that already: put FILE [MODE]
put() {
    local new
    new=$(mktemp)
    cat >"$new"
    place "$new" "$1" "${2:-644}"
    rm "$new"
}

# Copy a file, unless it is there already: place FROM TO MODE
place() {
    if cmp -s "$1" "$2" && [ "$(stat -c %a "$2")" = "$3" ]; then return; fi
    say "write $2"
    install -D -T -o root -g root -m "$3" "$1" "$2"
}

# Copy files of rootfs/ to the same place on this machine. What begins with #! can be run.
rootfs() {
    local name mode
    for name in "$@"; do
        mode=644
        [ "$(head -c 2 "$ami/rootfs/$name")" != '#!' ] || mode=755
        place "$ami/rootfs/$name" "/$name" "$mode"
    done
}

# Download a file and compare its checksum; nothing is left of a wrong one: fetch URL SHA256 FILE
fetch() {
    local found
    [[ $2 =~ ^[0-9a-f]{64}$ ]] || refuse "image.yaml: $2 is not a SHA-256 checksum (of $1)"
    if [ -e "$3" ] && [ "$(checksum "$3")" = "$2" ]; then return; fi
    download "$1" "$3.part"
    found=$(checksum "$3.part")
    if [ "$found" != "$2" ]; then
        rm "$3.part"
        fail "$1 has the SHA-256 $found, and image.yaml expects $2: nothing of it was installed"
    fi
    mv "$3.part" "$3"
}

checksum() { sha256sum "$1" | cut -d ' ' -f 1; }

# Download without a check: download URL FILE
download() {
    say "download $1"
    mkdir -p "$(dirname "$2")"
    quietly retry 5 10 curl -fsSL --proto =https,file --proto-redir =https -o "$2" "$1"
}

# Write a keyring with exactly one key, the one with this fingerprint: keyring URL FINGERPRINT FILE
keyring() {
    local home
    if [ -e "$3" ] && [ "$(fingerprints "$3")" = "$2" ]; then return; fi
    home=$(mktemp -d)
    download "$1" "$home/key"
    gpg --homedir "$home" --batch --quiet --import "$home/key" 2>>"$log" || true
    gpg --homedir "$home" --batch --quiet --export "$2" >"$home/keyring" 2>>"$log" || true
    if [ "$(fingerprints "$home/keyring")" != "$2" ]; then
        rm -r "$home"
        fail "$1 has no key with the fingerprint $2, which image.yaml expects"
    fi
    place "$home/keyring" "$3" 644
    rm -r "$home"
}

# Print the fingerprints of the keys of a keyring, without those of subkeys.
fingerprints() {
    gpg --batch --show-keys --with-colons "$1" 2>>"$log" |
        awk -F: '$1 == "pub" || $1 == "sub" { kind = $1 } $1 == "fpr" && kind == "pub" { print $10 }'
}

# Tell whether a package is installed, in a version if one is given: installed NAME[=VERSION]
installed() {
    local found
    found=$(dpkg-query -W -f '${db:Status-Status} ${Version}\n' "${1%%=*}" 2>>"$log" | head -n 1) || return 1
    case $1 in
    *=*) [ "$found" = "installed ${1#*=}" ] ;;
    *) [ "${found%% *}" = installed ] ;;
    esac
}

apt_get() {
    apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 -o APT::Update::Error-Mode=any \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

# Install what is not installed; a name may have a version, or be the path of a .deb.
packages() {
    local each missing=()
    for each in "$@"; do
        case $each in
        /*) installed "$(dpkg-deb --show --showformat="\${Package}=\${Version}" "$each")" || missing+=("$each") ;;
        *) installed "$each" || missing+=("$each") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "install ${missing[*]}"
    quietly dpkg --configure -a # after an interruption
    quietly retry 5 10 apt_get update
    quietly apt_get install --no-install-recommends --allow-change-held-packages "${missing[@]}"
}

# Remove those of these packages that are installed, with their configuration.
purge() {
    local each present=()
    for each in "$@"; do
        ! installed "$each" || present+=("$each")
    done
    [ ${#present[@]} -gt 0 ] || return 0
    say "remove ${present[*]}"
    quietly dpkg --configure -a
    quietly apt_get purge --allow-change-held-packages "${present[@]}"
}

# Keep packages as they are in every later upgrade.
hold() {
    local each
    for each in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Want}' "$each")" = hold ] || quietly apt-mark hold "$each"
    done
}

# Enable units, without starting them.
enable() {
    local each
    for each in "$@"; do
        systemctl is-enabled --quiet "$each" 2>>"$log" || quietly systemctl enable "$each"
    done
}

# Disable units for good, whatever a package does later.
mask() {
    local each
    for each in "$@"; do
        [ "$(systemctl is-enabled "$each" 2>>"$log")" = masked ] || quietly systemctl mask "$each"
    done
}

# Print the flavour of the modules packages: server-open or server.
modules_flavour() {
    case $(value flavour) in
    open) echo server-open ;;
    proprietary) echo server ;;
    *) refuse "image.yaml: flavour: $(value flavour) is neither open nor proprietary" ;;
    esac
}

# Print the kernels of those modules packages, in the form of apt-cache show, that fit a version of the
# driver; the package of another version cannot be installed with it: kernels_for 580.178.04 <TEXT
kernels_for() {
    awk -v fits="nvidia-kernel-common-[0-9]+-server \\(>= ${1//./\\.}\\)" '
        $1 == "Package:" { name = $2 }
        $1 == "Depends:" && $0 ~ fits { sub(/^linux-modules-nvidia-[0-9]+-server(-open)?-/, "", name); print name }'
}

# Print the newest kernel of a series that stands in both files: newest_kernel 6.8.0 FILE FILE
newest_kernel() {
    local both
    both=$(comm -12 <(sort -u "$2") <(sort -u "$3") | grep -xE "${1//./\\.}-[0-9]+-aws" | sort -V | tail -n 1) || true
    [ -n "$both" ] && printf '%s\n' "$both"
}

# Read an entry of /etc/ws/build.json, or write it: fact kernel; fact kernel 6.8.0-1069-aws
fact() {
    python3 -I - "$facts" "$@" <<'PYTHON'
import json, os, sys
path, name, *given = sys.argv[1:]
found = json.load(open(path)) if os.path.exists(path) else {}
if not given:
    print(found.get(name, ""))
elif found.get(name) != given[0]:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as file:
        json.dump({**found, name: given[0]}, file, indent=1, sort_keys=True)
        file.write("\n")
    os.chmod(path + ".new", 0o644)
    os.replace(path + ".new", path)
PYTHON
}

# End the stage: with 194 if it asked for a restart since the machine was started.
finish() {
    if [ -e "$restart" ] && [ -d /run/systemd/system ]; then
        say "restart the machine"
        exit 194
    fi
    say "done"
}

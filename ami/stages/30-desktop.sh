#!/usr/bin/env bash
# GNOME on Xorg, without a lock screen: the people of these machines have no password.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
only ubuntu-24.04
wanted dcv.version dcv.url dcv.sha256 || {
    say "skipped: image.yaml has no dcv"
    exit 0
}
packages ubuntu-desktop-minimal gdm3 gnome-terminal gnome-text-editor eog evince xdg-utils dbus-x11 \
    gsettings-ubuntu-schemas yaru-theme-gnome-shell yaru-theme-gtk yaru-theme-icon fonts-ubuntu \
    mesa-utils pulseaudio-utils dpkg-dev
purge gnome-initial-setup whoopsie apport ubuntu-report ifupdown

rootfs etc/gdm3/custom.conf etc/skel/.config/gnome-initial-setup-done
rootfs usr/share/glib-2.0/schemas/90_ws.gschema.override
schemas=/usr/share/glib-2.0/schemas
if [ $schemas/90_ws.gschema.override -nt $schemas/gschemas.compiled ]; then
    say "compile the settings of GNOME"
    quietly glib-compile-schemas $schemas
fi
rootfs usr/lib/ws/xorg etc/systemd/system/ws-xorg.service
enable ws-xorg.service
[ "$(systemctl get-default)" = graphical.target ] || quietly systemctl set-default graphical.target
mask sleep.target suspend.target hibernate.target hybrid-sleep.target
finish

#!/bin/sh
# Installs the release binary under keepalived's name, with its unit and init script.
#   contrib/install.sh [BINARY]      as root; PREFIX=/usr/local, DESTDIR for packages
set -eu
here=$(dirname "$0")
binary=${1:-$here/../target/release/standfast}
destdir=${DESTDIR:-}
sbin=$destdir${PREFIX:-/usr/local}/sbin

if [ ! -x "$binary" ]; then
	echo "install.sh: $binary is missing: run cargo build --release first" >&2
	exit 1
fi
install -d "$sbin" "$destdir/etc/systemd/system" "$destdir/etc/keepalived"
install -m 0755 "$binary" "$sbin/standfast"
ln -sf standfast "$sbin/keepalived"
install -m 0644 "$here/systemd/standfast.service" "$destdir/etc/systemd/system/standfast.service"
if [ ! -e "$destdir/etc/init.d/keepalived" ]; then
	install -d "$destdir/etc/init.d"
	install -m 0755 "$here/init.d/keepalived" "$destdir/etc/init.d/keepalived"
fi
echo "installed $sbin/standfast and $sbin/keepalived"
echo "next: standfast check /etc/keepalived/keepalived.conf"
echo "      systemctl daemon-reload && systemctl enable --now standfast"

#!/bin/sh
# Installs the release binary under keepalived's name, with its unit and init script.
#   contrib/install.sh [BINARY]      as root; PREFIX=/usr/local, DESTDIR for packagers
#   contrib/install.sh --uninstall   takes it away again and brings the packaged keepalived back
# Where Debian's keepalived is installed its program is put aside with dpkg-divert, so that its unit, its
# init script and everything that calls /usr/sbin/keepalived reach Standfast.
set -eu
here=$(dirname "$0")
destdir=${DESTDIR:-}
prefix=${PREFIX:-/usr/local}
sbin=$destdir$prefix/sbin
units=$destdir/etc/systemd/system
packaged=/usr/sbin/keepalived

is_packaged() {
	[ -z "$destdir" ] && command -v dpkg-query >/dev/null && dpkg-query -S "$packaged" >/dev/null 2>&1
}

uninstall() {
	rm -f "$sbin/standfast" "$sbin/keepalived" "$units/standfast.service"
	# What "systemctl enable" made would hide the packaged unit.
	for link in keepalived.service multi-user.target.wants/standfast.service; do
		case $(readlink "$units/$link" || :) in
		*standfast.service) rm -f "$units/$link" ;;
		esac
	done
	if is_packaged && [ -L "$packaged" ]; then
		rm -f "$packaged"
		dpkg-divert --local --rename --remove "$packaged"
	fi
	if [ -r "$destdir/etc/init.d/keepalived" ] && grep -q Standfast "$destdir/etc/init.d/keepalived"; then
		rm -f "$destdir/etc/init.d/keepalived"
	fi
	echo "removed Standfast from $sbin"
}

if [ "${1:-}" = --uninstall ]; then
	uninstall
	exit
fi
binary=${1:-$here/../target/release/standfast}
if [ ! -x "$binary" ]; then
	echo "install.sh: $binary is missing: run cargo build --release first" >&2
	exit 1
fi
install -d "$sbin" "$units" "$destdir/etc/keepalived"
install -m 0755 "$binary" "$sbin/standfast"
ln -sf standfast "$sbin/keepalived"
sed "s,/usr/local/sbin,$prefix/sbin,g" "$here/systemd/standfast.service" >"$units/standfast.service"
chmod 0644 "$units/standfast.service"
if is_packaged; then
	dpkg-divert --local --rename --add "$packaged"
	ln -sf "$prefix/sbin/standfast" "$packaged"
elif [ ! -e "$destdir/etc/init.d/keepalived" ]; then
	install -d "$destdir/etc/init.d"
	sed "s,/usr/local/sbin,$prefix/sbin,g" "$here/init.d/keepalived" >"$destdir/etc/init.d/keepalived"
	chmod 0755 "$destdir/etc/init.d/keepalived"
fi
echo "installed $sbin/standfast and $sbin/keepalived"
echo "next: standfast check /etc/keepalived/keepalived.conf"
echo "      systemctl daemon-reload && systemctl enable --now standfast"

#!/bin/sh
# Installs the release binary under keepalived's name, with its unit and init script, manual pages and completions.
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
share=$destdir$prefix/share
# What each shell looks for, in the folder where it looks.
bash_words=$share/bash-completion/completions/standfast
zsh_words=$share/zsh/site-functions/_standfast
fish_words=$share/fish/vendor_completions.d/standfast.fish
packaged=/usr/sbin/keepalived

# Prints the completions of a shell into a file; a binary for another machine, which cannot run here, goes without.
complete_in() {
	install -d "$(dirname "$2")"
	if "$sbin/standfast" completions "$1" >"$2" 2>/dev/null; then
		chmod 0644 "$2"
	else
		rm -f "$2"
	fi
}

is_packaged() {
	[ -z "$destdir" ] && command -v dpkg-query >/dev/null && dpkg-query -S "$packaged" >/dev/null 2>&1
}

# systemd is there and this is no package build.
has_systemd() {
	[ -z "$destdir" ] && [ -d /run/systemd/system ]
}

uninstall() {
	if has_systemd; then
		systemctl disable --now standfast || :
	fi
	rm -f "$sbin/standfast" "$units/standfast.service" "$bash_words" "$zsh_words" "$fish_words" \
		"$share/man/man1/standfast.1" "$share/man/man5/standfast.conf.5"
	# Only a link of ours: with PREFIX=/usr it may be the packaged program.
	case $(readlink "$sbin/keepalived" || :) in
	standfast) rm -f "$sbin/keepalived" ;;
	esac
	# What "systemctl enable" made would hide the packaged unit.
	for link in keepalived.service multi-user.target.wants/standfast.service; do
		case $(readlink "$units/$link" || :) in
		*standfast.service) rm -f "$units/$link" ;;
		esac
	done
	if is_packaged && [ -e "$packaged.distrib" ]; then
		rm -f "$packaged"
		dpkg-divert --local --rename --remove "$packaged"
	fi
	if [ -r "$destdir/etc/init.d/keepalived" ] && grep -q Standfast "$destdir/etc/init.d/keepalived"; then
		rm -f "$destdir/etc/init.d/keepalived"
	fi
	if has_systemd; then
		systemctl daemon-reload
	fi
	echo "removed Standfast from $sbin"
	if [ -e "$destdir$packaged" ]; then
		echo "next: systemctl enable --now keepalived"
	fi
}

case ${1:-} in
--uninstall)
	uninstall
	exit
	;;
-*)
	sed -n '2,6s/^# \{0,1\}//p' "$0"
	exit
	;;
esac
binary=${1:-$here/../target/release/standfast}
if [ ! -x "$binary" ]; then
	echo "install.sh: $binary is missing: run cargo build --release first" >&2
	exit 1
fi
if [ -z "$destdir" ] && [ "$(id -u)" -ne 0 ]; then
	echo "install.sh: needs root: sudo $0 (or DESTDIR for a package)" >&2
	exit 1
fi
install -d "$sbin" "$units" "$destdir/etc/keepalived"
install -m 0755 "$binary" "$sbin/standfast"
# Put the packaged program aside before anything of ours takes its name.
if is_packaged; then
	dpkg-divert --local --rename --add "$packaged"
	ln -sf "$prefix/sbin/standfast" "$packaged"
fi
if [ "$sbin/keepalived" != "$packaged" ]; then
	ln -sf standfast "$sbin/keepalived"
fi
sed "s,/usr/local/sbin,$prefix/sbin,g" "$here/systemd/standfast.service" >"$units/standfast.service"
chmod 0644 "$units/standfast.service"
if ! is_packaged && [ ! -e "$destdir/etc/init.d/keepalived" ]; then
	install -d "$destdir/etc/init.d"
	sed "s,/usr/local/sbin,$prefix/sbin,g" "$here/init.d/keepalived" >"$destdir/etc/init.d/keepalived"
	chmod 0755 "$destdir/etc/init.d/keepalived"
fi
install -d "$share/man/man1" "$share/man/man5"
install -m 0644 "$here/../docs/man/standfast.1" "$share/man/man1/standfast.1"
install -m 0644 "$here/../docs/man/standfast.conf.5" "$share/man/man5/standfast.conf.5"
complete_in bash "$bash_words"
complete_in zsh "$zsh_words"
complete_in fish "$fish_words"
echo "installed $sbin/standfast and $sbin/keepalived"
echo "next: $prefix/sbin/standfast check --host /etc/keepalived/keepalived.conf"
echo "      systemctl daemon-reload && systemctl enable --now standfast"

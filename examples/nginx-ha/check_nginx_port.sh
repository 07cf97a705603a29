#!/bin/sh
# Does anything listen on nginx's TCP port? Usage: check_nginx_port.sh [PORT]
#
# Reads the kernel's tables of sockets, so it needs no program beyond awk (always there on Debian) and leaves no
# connection behind. A server that hangs still listens: check_nginx_http.sh sees that, this one does not.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

port=${1:-80}
port=$(printf '%04X' "$port") || exit 1

# Columns: number, local address:port, remote address:port, state; 0A is LISTEN. The IPv6 table may be missing.
for table in /proc/net/tcp /proc/net/tcp6; do
    [ -r "$table" ] || continue
    awk -v port="$port" '
        { split($2, local, ":") }
        $4 == "0A" && local[2] == port { found = 1; exit }
        END { exit !found }
    ' "$table" && exit 0
done

echo "nothing listens on TCP port ${1:-80}"
exit 1

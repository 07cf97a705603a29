#!/bin/sh
# The style where the check itself stops the VRRP daemon when nginx is gone.
# Usage: check_nginx_or_stop.sh [init|service|killall|pidfile]
#
# It works, but think twice: a stopped daemon does not come back by itself when nginx does. A vrrp_script with a
# weight (keepalived-master.conf) does.
#
# Needs: pidof (sysvinit-utils); for killall psmisc; for service init-system-helpers.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

pidof nginx >/dev/null 2>&1 && exit 0

case ${1:-killall} in
    init)    /etc/init.d/keepalived stop ;;
    service) service keepalived stop ;;
    killall) killall keepalived ;;
    pidfile) kill "$(cat /run/keepalived.pid)" ;;
    *)       echo "unknown way to stop: $1"; exit 2 ;;
esac

#!/bin/sh
# Is nginx running? If not, start it; give the address up (exit 1) only if that fails.
#
# Needs: pidof (sysvinit-utils, always there on Debian) or pgrep (procps); timeout (coreutils).

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

running() {
    if command -v pidof >/dev/null 2>&1; then
        pidof nginx >/dev/null 2>&1
    else
        pgrep -x nginx >/dev/null 2>&1
    fi
}

start() {
    if [ -d /run/systemd/system ]; then
        timeout 1 systemctl start nginx
    else
        timeout 1 nginx
    fi
}

running && exit 0

# Output of a check is worth reading: which error kept nginx from starting?
start || exit 1

# A start that reports success may still end at once (port taken, for example).
sleep 0.2
running

#!/bin/sh
# Does nginx answer a request with status 200 within a second? Usage: check_nginx_http.sh [URL]
#
# Needs one of: curl, wget (packages of those names), or perl (perl-base, always there on Debian; http and IPv4 only).

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

url=${1:-http://127.0.0.1/}

status_by_curl() {
    curl --silent --output /dev/null --max-time 1 --write-out '%{http_code}' "$url"
}

status_by_wget() {
    # The last status line counts: nothing is followed (max-redirect) and nothing is tried twice.
    timeout 1 wget --quiet --server-response --output-document=/dev/null --tries=1 --max-redirect=0 "$url" 2>&1 |
        awk '$1 ~ /^HTTP\// { status = $2 } END { print status }'
}

status_by_perl() {
    timeout 1 perl -MIO::Socket::INET -e '
        my ($host, $port, $path) = $ARGV[0] =~ m{^http://([^/:]+)(?::(\d+))?(/.*)?$} or exit 1;
        my $server = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port || 80) or exit 1;
        print $server "GET ", $path || "/", " HTTP/1.0\r\nHost: $host\r\n\r\n";
        $server->flush;
        my $line = <$server> // "";
        print $1 if $line =~ m{^HTTP/\S+ (\d+)};
    ' "$url"
}

if command -v curl >/dev/null 2>&1; then
    status=$(status_by_curl)
elif command -v wget >/dev/null 2>&1; then
    status=$(status_by_wget)
else
    status=$(status_by_perl)
fi

[ "$status" = 200 ] && exit 0
echo "$url: status ${status:-missing}"
exit 1

//! Where a built-in check connects to: `ADDRESS:PORT` and URLs. Names are not resolved: a check that needs a name server
//! fails with it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The port of HTTP where a URL gives none.
const HTTP_PORT: u16 = 80;

/// What is wrong with an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndpointError {
    /// A URL that is no `http://`.
    Scheme,
    /// `https://`.
    Tls,
    /// No host between `//` and the path.
    NoHost,
    /// A user name or password before the host.
    Credentials,
    /// A host that is no address.
    Name,
    /// An IPv6 address without brackets.
    Brackets,
    /// No port.
    NoPort,
    /// A port that is no number from 1 to 65535.
    Port,
    /// A character that cannot stand in a request.
    Character,
}

impl EndpointError {
    /// What is wrong, in words that go on after the endpoint.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Scheme => "is no URL of HTTP",
            Self::Tls => "asks over TLS, which built-in checks do not have",
            Self::NoHost => "names no host",
            Self::Credentials => "has a user name in it, which is not sent",
            Self::Name => "has a name where an address belongs",
            Self::Brackets => "has an IPv6 address without brackets",
            Self::NoPort => "has no port",
            Self::Port => "has no usable port",
            Self::Character => "has a character that can't stand in a request",
        }
    }

    /// What to write.
    pub(super) fn help(self) -> &'static str {
        match self {
            Self::Scheme | Self::NoHost => "write it as `http://127.0.0.1:8080/healthz`",
            Self::Tls => {
                "ask an HTTP port of the same service, use `tcp` for the port itself, or a `vrrp_script` with \
                 `curl --fail --max-time 1`"
            }
            Self::Credentials => {
                "a health page should need none; use a `vrrp_script` with curl if it does"
            }
            Self::Name => {
                "write the address, and the name into `host` if the service goes by it: a check must not fail because \
                 a name server does"
            }
            Self::Brackets => "write it as `[::1]:80`",
            Self::NoPort => "write it as `127.0.0.1:80` or `[::1]:80`",
            Self::Port => "a port is a number from 1 to 65535",
            Self::Character => "write it as `%` and two hexadecimal digits",
        }
    }
}

/// What a URL stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HttpUrl {
    pub(super) address: SocketAddr,
    /// Host and port as they were written.
    pub(super) authority: String,
    pub(super) target: String,
}

/// `ADDRESS:PORT`, `[ADDRESS]:PORT` or `localhost:PORT`.
pub(super) fn tcp(text: &str) -> Result<SocketAddr, EndpointError> {
    let (host, port) = split(text)?;
    let port = port.ok_or(EndpointError::NoPort)?;
    Ok(SocketAddr::new(address(host)?, number(port)?))
}

/// `http://HOST[:PORT][/PATH][?QUERY]`.
pub(super) fn url(text: &str) -> Result<HttpUrl, EndpointError> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("https://") {
        return Err(EndpointError::Tls);
    }
    let rest = lower
        .starts_with("http://")
        .then(|| text.get("http://".len()..))
        .flatten()
        .ok_or(EndpointError::Scheme)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let target = rest.split('#').next().unwrap_or_default();
    if authority.contains('@') {
        return Err(EndpointError::Credentials);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(EndpointError::Character);
    }
    let (host, port) = split(authority)?;
    let port = port.map_or(Ok(HTTP_PORT), number)?;
    Ok(HttpUrl {
        address: SocketAddr::new(address(host)?, port),
        authority: authority.to_owned(),
        target: match target.starts_with('/') {
            true => target.to_owned(),
            false => format!("/{target}"),
        },
    })
}

/// Host and port, brackets taken off.
fn split(text: &str) -> Result<(&str, Option<&str>), EndpointError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(EndpointError::Brackets)?;
        return match port {
            "" => Ok((host, None)),
            port => Ok((
                host,
                Some(port.strip_prefix(':').ok_or(EndpointError::Port)?),
            )),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Err(EndpointError::Brackets),
        Some(("", _)) => Err(EndpointError::NoHost),
        Some((host, port)) => Ok((host, Some(port))),
        None if text.is_empty() => Err(EndpointError::NoHost),
        None => Ok((text, None)),
    }
}

fn address(host: &str) -> Result<IpAddr, EndpointError> {
    // Always the host itself (RFC 6761 §6.3).
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    host.parse().map_err(|_| EndpointError::Name)
}

fn number(port: &str) -> Result<u16, EndpointError> {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let number = port.parse().ok().filter(|port| digits && *port > 0);
    number.ok_or(EndpointError::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_a_port_are_taken() {
        for (text, address) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:443", "[::1]:443"),
            ("localhost:8080", "127.0.0.1:8080"),
        ] {
            assert_eq!(tcp(text).map(|one| one.to_string()).as_deref(), Ok(address));
        }
    }

    #[test]
    fn other_endpoints_are_told_apart() {
        for (text, error) in [
            ("127.0.0.1", EndpointError::NoPort),
            ("::1:80", EndpointError::Brackets),
            ("[::1", EndpointError::Brackets),
            ("[::1]80", EndpointError::Port),
            (":80", EndpointError::NoHost),
            ("", EndpointError::NoHost),
            ("127.0.0.1:0", EndpointError::Port),
            ("127.0.0.1:+80", EndpointError::Port),
            ("127.0.0.1:65536", EndpointError::Port),
            ("web.example.com:80", EndpointError::Name),
        ] {
            assert_eq!(tcp(text), Err(error), "{text}");
        }
    }

    #[test]
    fn urls_are_taken_apart() {
        for (text, address, authority, target) in [
            ("http://127.0.0.1", "127.0.0.1:80", "127.0.0.1", "/"),
            (
                "HTTP://localhost:81/a/b?c=d",
                "127.0.0.1:81",
                "localhost:81",
                "/a/b?c=d",
            ),
            ("http://[::1]:8080/x#y", "[::1]:8080", "[::1]:8080", "/x"),
            ("http://[::1]?q", "[::1]:80", "[::1]", "/?q"),
        ] {
            let wanted = HttpUrl {
                address: address.parse().unwrap(),
                authority: authority.into(),
                target: target.into(),
            };
            assert_eq!(url(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn other_urls_are_told_apart() {
        for (text, error) in [
            ("https://127.0.0.1/", EndpointError::Tls),
            ("ftp://127.0.0.1/", EndpointError::Scheme),
            ("127.0.0.1/healthz", EndpointError::Scheme),
            ("http:///healthz", EndpointError::NoHost),
            ("http://", EndpointError::NoHost),
            ("http://root:secret@127.0.0.1/", EndpointError::Credentials),
            ("http://www.example.com/", EndpointError::Name),
            ("http://::1/", EndpointError::Brackets),
            ("http://127.0.0.1:http/", EndpointError::Port),
            ("http://127.0.0.1/a b", EndpointError::Character),
            ("http://127.0.0.1/ä", EndpointError::Character),
        ] {
            assert_eq!(url(text), Err(error), "{text}");
        }
    }
}

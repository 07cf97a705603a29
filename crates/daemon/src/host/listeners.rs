//! Services that listen on a virtual address itself: where the address is not, they cannot be started.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use standfast_config::{Code, Config, Diagnostic, VirtualAddress};
use standfast_linux::sysctl::Sysctl;

/// The kernel's lists of sockets, and the state in which one of them listens (TCP_LISTEN; of UDP: not connected).
const LISTS: [(&str, &str, &str); 4] = [
    ("/proc/net/tcp", "0A", "TCP"),
    ("/proc/net/tcp6", "0A", "TCP"),
    ("/proc/net/udp", "07", "UDP"),
    ("/proc/net/udp6", "07", "UDP"),
];
/// Sockets that are looked at in each list: a busy proxy has tens of thousands.
const MAX_SOCKETS: usize = 100_000;

/// A socket that waits for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Listener {
    address: IpAddr,
    port: u16,
    protocol: &'static str,
}

pub(super) fn findings(config: &Config) -> Vec<Diagnostic> {
    let allowed = |path| Sysctl::Other(path).read().unwrap_or(0) != 0;
    let v4 = allowed("net/ipv4/ip_nonlocal_bind");
    let v6 = allowed("net/ipv6/ip_nonlocal_bind");
    if v4 && v6 {
        return Vec::new();
    }
    let mut listeners = Vec::new();
    for (list, state, protocol) in LISTS {
        let Ok(file) = File::open(list) else { continue };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        let listening = lines.take(MAX_SOCKETS);
        listeners.extend(listening.filter_map(|line| parse(&line, state, protocol)));
    }
    judge(config, &listeners, |address| match address {
        IpAddr::V4(_) => v4,
        IpAddr::V6(_) => v6,
    })
}

/// `sl local_address rem_address st …`, with addresses as words of the host's byte order (proc(5)).
fn parse(line: &str, state: &str, protocol: &'static str) -> Option<Listener> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let (local, _, shown) = (words.next()?, words.next()?, words.next()?);
    if shown != state {
        return None;
    }
    let (address, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(address)?.to_ne_bytes())),
        32 => {
            let mut bytes = [0; 16];
            for (at, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                let part = address.get(at * 8..at * 8 + 8)?;
                chunk.copy_from_slice(&word(part)?.to_ne_bytes());
            }
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some(Listener {
        address,
        port,
        protocol,
    })
}

fn word(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 16).ok()
}

fn judge(
    config: &Config,
    listeners: &[Listener],
    allowed: impl Fn(IpAddr) -> bool,
) -> Vec<Diagnostic> {
    let all = config.instances.iter().flat_map(|instance| {
        let excluded = &instance.excluded_addresses;
        instance.addresses.iter().chain(excluded)
    });
    let found = all.filter_map(|vip: &VirtualAddress| {
        let address = vip.network.address;
        let on_it = |one: &&Listener| one.address == address;
        let bound = listeners.iter().find(on_it)?;
        let text = format!(
            "a service listens on {address} {} port {}: on a node without the address it cannot be started",
            bound.protocol, bound.port
        );
        let family = if address.is_ipv4() { "ipv4" } else { "ipv6" };
        let help = format!(
            "sysctl net.{family}.ip_nonlocal_bind=1, and the same in /etc/sysctl.d/ of every node"
        );
        let finding = Diagnostic::note(Code::BoundToAddress, vip.span, text).help(help);
        (!allowed(address)).then_some(finding)
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::instance;
    use super::*;

    /// 192.0.2.100:80 as a little-endian machine shows it.
    #[cfg(target_endian = "little")]
    const LINE: &str =
        "   1: 640200C0:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 1";

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_of_the_kernel_is_read() {
        let expected = Listener {
            address: [192, 0, 2, 100].into(),
            port: 80,
            protocol: "TCP",
        };
        assert_eq!(parse(LINE, "0A", "TCP"), Some(expected));
        assert_eq!(parse(&LINE.replace(" 0A ", " 01 "), "0A", "TCP"), None);
        let v6 = "0: B80D0120000000000000000064000000:01BB 0:0 0A";
        let found = parse(v6, "0A", "TCP").unwrap();
        assert_eq!(found.address, "2001:db8::64".parse::<IpAddr>().unwrap());
        for wrong in [
            "",
            "sl local_address rem_address st",
            "0: x:y 0:0 0A",
            "0: 00:00 0:0 0A",
        ] {
            assert_eq!(parse(wrong, "0A", "TCP"), None, "{wrong}");
        }
    }

    #[test]
    fn a_service_on_the_address_itself_is_named_unless_the_kernel_allows_it_anywhere() {
        let config = instance("virtual_ipaddress {\n192.0.2.100/24\n}\n");
        let on = |last| Listener {
            address: [192, 0, 2, last].into(),
            port: 80,
            protocol: "TCP",
        };
        assert_eq!(judge(&config, &[on(100)], |_| false).len(), 1);
        assert!(judge(&config, &[on(100)], |_| true).is_empty());
        assert!(judge(&config, &[on(1)], |_| false).is_empty());
    }
}

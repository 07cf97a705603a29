//! Hands on every ARP and VRRP frame, Neighbour Advertisement and UDP datagram that the host's interfaces see.

use std::io::{self, Write};

use super::filter::{Test, compile};
use super::packet_socket::PacketSocket;
use super::{AgentError, AgentResult, end_with_lab, failed};
use crate::frame::MacAddress;

/// `capture [MAC]...`: prints `ready` and then `TIME_NS FRAME` for each frame, the frame in hexadecimal; with MACs only of frames
/// that these send, so that a flood of others costs nothing here.
pub(super) fn run(arguments: &[String]) -> AgentResult {
    let senders: Vec<MacAddress> = arguments
        .iter()
        .map(|text| text.parse().map_err(|_| AgentError::Usage))
        .collect::<Result<_, _>>()?;
    let arp = [Test::Half(12, 0x0806)];
    let vrrp = [Test::Half(12, 0x0800), Test::Byte(23, 112)];
    let vrrp_in_ah = [Test::Half(12, 0x0800), Test::Byte(23, 51)];
    let vrrp_ipv6 = [Test::Half(12, 0x86dd), Test::Byte(20, 112)];
    let neighbour = [
        Test::Half(12, 0x86dd),
        Test::Byte(20, 58),
        Test::Byte(54, 136),
    ];
    let udp = [Test::Half(12, 0x0800), Test::Byte(23, 17)];
    let udp_ipv6 = [Test::Half(12, 0x86dd), Test::Byte(20, 17)];
    let kinds: [&[Test]; 7] = [
        &arp,
        &vrrp,
        &vrrp_in_ah,
        &vrrp_ipv6,
        &neighbour,
        &udp,
        &udp_ipv6,
    ];
    let rules = kinds.iter().flat_map(|kind| sent_by(kind, &senders));
    let rules: Vec<Vec<Test>> = rules.collect();
    let rules: Vec<&[Test]> = rules.iter().map(Vec::as_slice).collect();
    let mut socket = PacketSocket::open(&compile(&rules))?;
    end_with_lab();
    let mut output = io::stdout().lock();
    writeln!(output, "ready").map_err(failed("report"))?;
    loop {
        let (moment, frame) = socket.receive()?;
        writeln!(
            output,
            "{} {}",
            moment.nanoseconds(),
            crate::frame::to_hex(frame)
        )
        .map_err(failed("report"))?;
    }
}

/// The rule for each of these senders; for everybody if there are none.
fn sent_by(rule: &[Test], senders: &[MacAddress]) -> Vec<Vec<Test>> {
    if senders.is_empty() {
        return vec![rule.to_vec()];
    }
    let with_sender = |MacAddress([a, b, c, d, e, f]): &MacAddress| {
        let halves = [(6, [*a, *b]), (8, [*c, *d]), (10, [*e, *f])];
        let tests = halves.map(|(at, bytes)| Test::Half(at, u16::from_be_bytes(bytes)));
        tests.into_iter().chain(rule.iter().copied()).collect()
    };
    senders.iter().map(with_sender).collect()
}

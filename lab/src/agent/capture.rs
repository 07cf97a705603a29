//! Hands on every ARP and VRRP frame, Neighbour Advertisement and UDP datagram that the host's interfaces see.

use std::io::{self, Write};

use super::filter::{Test, compile};
use super::packet_socket::PacketSocket;
use super::{AgentResult, end_with_lab, failed};

/// Prints `ready` and then `TIME_NS FRAME` for each frame, the frame in hexadecimal.
pub(super) fn run() -> AgentResult {
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
    let rules: [&[Test]; 7] = [
        &arp,
        &vrrp,
        &vrrp_in_ah,
        &vrrp_ipv6,
        &neighbour,
        &udp,
        &udp_ipv6,
    ];
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

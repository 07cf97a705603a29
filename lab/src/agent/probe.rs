//! Sends an ICMP echo request to each of some addresses every so often and says when which MAC address answered.

use std::io::{self, BufWriter, Stdout, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::filter::{Test, compile};
use super::packet_socket::PacketSocket;
use super::{AgentError, AgentResult, end_with_lab, failed};
use crate::frame::{EchoReply, MacAddress};
use crate::moment::Moment;

/// How often answers are handed on: rarely enough not to disturb what is measured.
const REPORT_EVERY: Duration = Duration::from_millis(10);

/// ICMP types (RFC 792).
const ECHO_REQUEST: u8 = 8;
const ECHO_REPLY: u8 = 0;

/// ICMPv6 types (RFC 4443).
const ECHO_REQUEST_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;

/// Bytes of an echo request: header and nothing else.
const ECHO_BYTES: usize = 8;

type Report = Arc<Mutex<BufWriter<Stdout>>>;

/// `probe PERIOD_US ADDRESS…`. Prints `a INDEX TIME_NS MAC` for every answer of the address with that index, and `t TIME_NS`
/// when everything that arrived before that time has been printed.
pub(super) fn run(arguments: &[String]) -> AgentResult {
    let [period, addresses @ ..] = arguments else {
        return Err(AgentError::Usage);
    };
    let period = Duration::from_micros(period.parse().map_err(|_| AgentError::Usage)?);
    let addresses: Vec<IpAddr> = addresses
        .iter()
        .map(|text| text.parse())
        .collect::<Result<_, _>>()
        .map_err(|_| AgentError::Usage)?;
    // Only the low half travels; it tells our answers from those to another probe.
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let identifier = u16::from_be_bytes([high, low]);
    let answers = [
        Test::Half(12, 0x0800),
        Test::Byte(23, 1),
        Test::PayloadByte(0, ECHO_REPLY),
        Test::PayloadHalf(4, identifier),
    ];
    let answers_v6 = [
        Test::Half(12, 0x86dd),
        Test::Byte(20, 58),
        Test::Byte(54, ECHO_REPLY_V6),
        Test::Half(58, identifier),
    ];
    let receiver = PacketSocket::open(&compile(&[&answers, &answers_v6]))?;
    let open = |domain, protocol| {
        Socket::new(domain, Type::RAW, Some(protocol)).map_err(failed("open a raw socket"))
    };
    let sender = Sender {
        v4: open(Domain::IPV4, Protocol::ICMPV4)?,
        v6: open(Domain::IPV6, Protocol::ICMPV6)?,
    };
    let report: Report = Arc::new(Mutex::new(BufWriter::new(io::stdout())));
    end_with_lab();
    let receiver_report = Arc::clone(&report);
    let receiver_addresses = addresses.clone();
    thread::spawn(move || receive(receiver, &receiver_addresses, &receiver_report));
    send(&sender, &addresses, identifier, period, &report)
}

/// Raw sockets for both families; the kernel fills in the checksum of ICMPv6.
struct Sender {
    v4: Socket,
    v6: Socket,
}

impl Sender {
    fn ask(&self, target: IpAddr, identifier: u16, sequence: u16) {
        let (socket, kind) = match target {
            IpAddr::V4(_) => (&self.v4, ECHO_REQUEST),
            IpAddr::V6(_) => (&self.v6, ECHO_REQUEST_V6),
        };
        let request = echo_request(kind, identifier, sequence);
        let target = SockAddr::from(SocketAddr::new(target, 0));
        // "Host is down" and the like are what a probe is there to live through.
        let _ = socket.send_to(&request, &target);
    }
}

fn send(
    sender: &Sender,
    addresses: &[IpAddr],
    identifier: u16,
    period: Duration,
    report: &Report,
) -> AgentResult {
    let mut sequence: u16 = 0;
    let mut next = Moment::now();
    let mut next_report = next;
    loop {
        for target in addresses {
            sender.ask(*target, identifier, sequence);
        }
        sequence = sequence.wrapping_add(1);
        let now = Moment::now();
        if now >= next_report {
            next_report = now + REPORT_EVERY;
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(report, "t {}", now.nanoseconds()).map_err(failed("report"))?;
            report.flush().map_err(failed("report"))?;
        }
        next = next + period;
        // After a hold-up go on from now: a burst of late requests would say nothing.
        next = next.max(Moment::now());
        thread::sleep(next.since(Moment::now()));
    }
}

fn echo_request(kind: u8, identifier: u16, sequence: u16) -> [u8; ECHO_BYTES] {
    let [id_high, id_low] = identifier.to_be_bytes();
    let [sequence_high, sequence_low] = sequence.to_be_bytes();
    let sum = crate::frame::internet_checksum(&[
        kind,
        0,
        0,
        0,
        id_high,
        id_low,
        sequence_high,
        sequence_low,
    ]);
    let [sum_high, sum_low] = sum.to_be_bytes();
    [
        kind,
        0,
        sum_high,
        sum_low,
        id_high,
        id_low,
        sequence_high,
        sequence_low,
    ]
}

fn receive(mut receiver: PacketSocket, addresses: &[IpAddr], report: &Report) {
    while let Ok((moment, frame)) = receiver.receive() {
        let Some(EchoReply { source, source_mac }) = EchoReply::parse(frame) else {
            continue;
        };
        let Some(index) = addresses.iter().position(|address| *address == source) else {
            continue;
        };
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        if write_answer(&mut *report, index, moment, source_mac).is_err() {
            return;
        }
    }
}

fn write_answer(
    report: &mut impl Write,
    index: usize,
    moment: Moment,
    mac: MacAddress,
) -> io::Result<()> {
    writeln!(report, "a {index} {} {mac}", moment.nanoseconds())
}

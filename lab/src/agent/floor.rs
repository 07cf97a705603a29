//! What the kernel alone costs: the least that a daemon could do, to compare it with, and a processor kept busy. These run as programs
//! of a host and end with it.

use std::fs;
use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, sendmmsg};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use socket2::{Domain, Protocol, Socket, Type};

use super::{AgentError, AgentResult, failed};
use crate::frame::internet_checksum;
use crate::moment::Moment;

/// Where advertisements go (RFC 9568 section 5.1.1.2).
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const PROTOCOL_VRRP: i32 = 112;

/// Most advertisements that one call may send.
const MAX_BATCH: usize = 64;

/// Longest run of a floor.
const MAX_DURATION: Duration = Duration::from_mins(2);

/// `floor-advertise SOURCE ROUTERS INTERVAL_MS BATCH DURATION_MS`: version 3 advertisements of that many virtual routers, evenly
/// spread, BATCH to a wake-up. Prints `COUNT CPU_NS`.
pub(super) fn advertise(arguments: &[String]) -> AgentResult {
    let [source, routers, interval, batch, duration] = arguments else {
        return Err(AgentError::Usage);
    };
    let source: Ipv4Addr = source.parse().map_err(|_| AgentError::Usage)?;
    let routers: u8 = routers.parse().map_err(|_| AgentError::Usage)?;
    let interval = milliseconds(interval)?;
    let batch: usize = batch.parse().map_err(|_| AgentError::Usage)?;
    let duration = milliseconds(duration)?;
    if routers == 0 || batch == 0 || batch > MAX_BATCH || duration > MAX_DURATION {
        return Err(AgentError::Usage);
    }
    let packets: Vec<Vec<u8>> = (1..=routers)
        .map(|vrid| advertisement(source, vrid, interval))
        .collect();
    let socket = group_socket(source)?;
    let share = u32::try_from(batch).map_err(|_| AgentError::Usage)?;
    let timer = periodic_timer(interval * share / u32::from(routers))?;
    let (begin, cpu) = (Moment::now(), own_cpu_ns()?);
    let mut sent: usize = 0;
    while Moment::now().since(begin) < duration {
        timer.wait().map_err(failed("wait for the timer"))?;
        let next: Vec<&Vec<u8>> = packets
            .iter()
            .cycle()
            .skip(sent % packets.len())
            .take(batch)
            .collect();
        send_all(&socket, &next)?;
        sent = sent.saturating_add(batch);
    }
    println!("{sent} {}", own_cpu_ns()?.saturating_sub(cpu));
    Ok(())
}

fn group_socket(source: Ipv4Addr) -> Result<Socket, AgentError> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(PROTOCOL_VRRP)))
        .map_err(failed("open a raw socket"))?;
    socket
        .set_multicast_if_v4(&source)
        .and_then(|()| socket.set_multicast_ttl_v4(255))
        .and_then(|()| socket.set_multicast_loop_v4(false))
        .and_then(|()| socket.bind(&SocketAddr::V4(SocketAddrV4::new(source, 0)).into()))
        .and_then(|()| socket.connect(&SocketAddr::V4(SocketAddrV4::new(GROUP, 0)).into()))
        .map_err(failed("prepare a raw socket"))?;
    Ok(socket)
}

fn periodic_timer(period: Duration) -> Result<TimerFd, AgentError> {
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::empty())
        .map_err(failed("make a timer"))?;
    timer
        .set(
            Expiration::Interval(TimeSpec::from_duration(period)),
            TimerSetTimeFlags::empty(),
        )
        .map_err(failed("set a timer"))?;
    Ok(timer)
}

fn send_all(socket: &Socket, packets: &[&Vec<u8>]) -> AgentResult {
    if let [packet] = packets {
        return socket
            .send(packet)
            .map(drop)
            .map_err(failed("send an advertisement"));
    }
    let parts: Vec<[IoSlice<'_>; 1]> = packets
        .iter()
        .map(|packet| [IoSlice::new(packet)])
        .collect();
    let nowhere: Vec<Option<SockaddrIn>> = vec![None; packets.len()];
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(packets.len(), None);
    sendmmsg(
        socket.as_raw_fd(),
        &mut headers,
        &parts,
        &nowhere,
        [],
        MsgFlags::empty(),
    )
    .map(drop)
    .map_err(failed("send advertisements"))
}

/// A version 3 advertisement of priority 100 with one address (RFC 9568 section 5.2).
fn advertisement(source: Ipv4Addr, vrid: u8, interval: Duration) -> Vec<u8> {
    let centiseconds = u16::try_from(interval.as_millis() / 10).unwrap_or(u16::MAX) & 0x0fff;
    let mut vrrp = vec![0x31, vrid, 100, 1];
    vrrp.extend(centiseconds.to_be_bytes());
    vrrp.extend([0, 0, 10, 9, 0, vrid]);
    let mut summed = Vec::from(source.octets());
    summed.extend(GROUP.octets());
    summed.extend([0, 112, 0, 12]);
    summed.extend(&vrrp);
    if let Some(field) = vrrp.get_mut(6..).and_then(<[u8]>::first_chunk_mut) {
        *field = internet_checksum(&summed).to_be_bytes();
    }
    vrrp
}

/// `floor-spawn RATE_PER_S DURATION_MS PROGRAM [ARGUMENT]...`: starts the program at that rate and waits for each, as cheaply as the standard
/// library can (posix_spawn). Prints `COUNT CPU_NS`, the programs' own time included.
pub(super) fn spawn(arguments: &[String]) -> AgentResult {
    let [rate, duration, program, rest @ ..] = arguments else {
        return Err(AgentError::Usage);
    };
    let rate: u32 = rate.parse().map_err(|_| AgentError::Usage)?;
    let duration = milliseconds(duration)?;
    if rate == 0 || duration > MAX_DURATION {
        return Err(AgentError::Usage);
    }
    let timer = periodic_timer(Duration::from_secs(1) / rate)?;
    let (begin, cpu) = (Moment::now(), cpu_with_children()?);
    let mut started: u64 = 0;
    while Moment::now().since(begin) < duration {
        timer.wait().map_err(failed("wait for the timer"))?;
        let mut command = Command::new(program);
        command
            .args(rest)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Its status is its own affair.
        let _ = command.status().map_err(failed("start a program"))?;
        started = started.saturating_add(1);
    }
    println!("{started} {}", cpu_with_children()?.saturating_sub(cpu));
    Ok(())
}

/// `floor-addresses FILE`: runs `ip -batch FILE` and prints `0 TIME_NS`, how long it took.
pub(super) fn addresses(arguments: &[String]) -> AgentResult {
    let [file] = arguments else {
        return Err(AgentError::Usage);
    };
    let begin = Moment::now();
    let status = Command::new("ip")
        .args(["-batch", file])
        .status()
        .map_err(failed("run ip"))?;
    let took = Moment::now().since(begin).as_nanos();
    if !status.success() {
        return Err(failed("add addresses")(status));
    }
    println!("0 {took}");
    Ok(())
}

/// `burn`: keeps one processor busy until its host ends.
pub(super) fn burn() -> AgentResult {
    println!("ready");
    loop {
        std::hint::spin_loop();
    }
}

fn milliseconds(text: &str) -> Result<Duration, AgentError> {
    text.parse()
        .map(Duration::from_millis)
        .map_err(|_| AgentError::Usage)
}

/// CPU time of all threads that live, in nanoseconds.
fn own_cpu_ns() -> Result<u64, AgentError> {
    let folders = fs::read_dir("/proc/self/task").map_err(failed("read the own threads"))?;
    let times = folders.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Ok(times.sum())
}

/// The same and that of all children that were waited for.
fn cpu_with_children() -> Result<u64, AgentError> {
    let text =
        fs::read_to_string("/proc/self/stat").map_err(failed("read the own process's state"))?;
    let behind_name = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
    // Fields 14 to 17 of proc_pid_stat(5) in ticks of 10 ms: user, system, and the same of children.
    let ticks = behind_name.split(' ').skip(11).take(4);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(ticks.saturating_mul(10_000_000))
}

//! Sends given frames at a given rate.

use std::io;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{LinkAddr, MsgFlags, sendto};
use nix::time::{ClockId, clock_gettime};
use socket2::{Domain, Socket, Type};

use super::{AgentError, AgentResult, end_with_lab, failed};
use crate::moment::Moment;

/// Frames are sent in batches this far apart, as precise as an ordinary thread sleeps.
const BATCH_EVERY: Duration = Duration::from_millis(1);

/// Most frames a second: what the flood tests ask for, times five.
const MAX_RATE: u64 = 100_000;

/// Longest run; longer ones would outlive the test that asked.
const MAX_DURATION: Duration = Duration::from_mins(2);

/// `inject INTERFACE RATE_PER_S DURATION_MS FRAME…`, frames in hexadecimal, sent in turn. Prints how many were sent, and
/// the CPU time that this took in nanoseconds: with virtual cables it is also that of whoever got them.
pub(super) fn run(arguments: &[String]) -> AgentResult {
    let [interface, rate, duration, frames @ ..] = arguments else {
        return Err(AgentError::Usage);
    };
    let rate: u64 = rate.parse().map_err(|_| AgentError::Usage)?;
    let duration = Duration::from_millis(duration.parse().map_err(|_| AgentError::Usage)?);
    let frames: Vec<Vec<u8>> = frames
        .iter()
        .map(|text| crate::frame::from_hex(text))
        .collect::<Option<_>>()
        .ok_or(AgentError::Usage)?;
    if frames.is_empty() || rate > MAX_RATE || duration > MAX_DURATION {
        return Err(AgentError::Usage);
    }
    let socket =
        Socket::new(Domain::PACKET, Type::RAW, None).map_err(failed("open a packet socket"))?;
    let link = link_address(interface)?;
    end_with_lab();
    let sent = send_at_rate(&socket, &link, &frames, rate, duration);
    let cpu = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_err(failed("read a clock"))?;
    println!("{sent} {}", Duration::from(cpu).as_nanos());
    Ok(())
}

fn send_at_rate(
    socket: &Socket,
    link: &LinkAddr,
    frames: &[Vec<u8>],
    rate: u64,
    duration: Duration,
) -> u64 {
    let start = Moment::now();
    let mut sent: u64 = 0;
    let mut frames = frames.iter().cycle();
    loop {
        let elapsed = Moment::now().since(start);
        let due = u64::try_from(elapsed.min(duration).as_micros())
            .unwrap_or(u64::MAX)
            .saturating_mul(rate)
            / 1_000_000;
        while sent < due {
            let Some(frame) = frames.next() else {
                return sent;
            };
            // A full queue loses the frame, as a real wire would; the count says what was attempted.
            let _ = sendto(socket.as_raw_fd(), frame, link, MsgFlags::MSG_DONTWAIT);
            sent += 1;
        }
        if elapsed >= duration {
            return sent;
        }
        thread::sleep(BATCH_EVERY);
    }
}

fn link_address(interface: &str) -> Result<LinkAddr, AgentError> {
    getifaddrs()
        .map_err(failed("list the interfaces"))?
        .filter(|entry| entry.interface_name == interface)
        .find_map(|entry| entry.address?.as_link_addr().copied())
        .ok_or_else(|| failed("find the interface")(io::Error::from(io::ErrorKind::NotFound)))
}

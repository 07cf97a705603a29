//! How long things may take, from the protocol and from what each daemon promises.

use std::ops::RangeInclusive;
use std::time::Duration;

use standfast_lab::Pair;

/// The example's advertisement interval.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// The example's priorities.
pub const FIRST_PRIORITY: u8 = 99;
pub const SECOND_PRIORITY: u8 = 98;

/// For what the scheduler of a busy machine adds to a process that should act now.
pub const LATENESS: Duration = Duration::from_millis(5);

/// Longest silence, net of the machine's own, when two nodes pass the address on while both work.
pub const SMOOTH: Duration = Duration::from_millis(20);

/// Longest time on the wrong node after a conflict (two holders).
pub const CONFLICT: Duration = Duration::from_millis(60);

/// Skew_Time (RFC 9568 section 6.1).
pub fn skew(priority: u8) -> Duration {
    INTERVAL * (256 - u32::from(priority)) / 256
}

/// Master_Down_Interval, called Active_Down_Interval in RFC 9568 section 6.1.
pub fn down_interval(priority: u8) -> Duration {
    INTERVAL * 3 + skew(priority)
}

/// The client's silence when the first node's daemon leaves on purpose.
pub fn leave_gap(pair: &Pair) -> RangeInclusive<Duration> {
    if pair.first.daemon.is_standfast() {
        Duration::ZERO..=SMOOTH
    } else {
        // It removes the address at once, and the other one waits for its skew: 617 ms.
        let skew = skew(SECOND_PRIORITY);
        skew - Duration::from_millis(60)..=skew + Duration::from_millis(60)
    }
}

/// How long after the first node's priority has fallen below the second's the second one takes over.
pub fn outranked(pair: &Pair) -> Duration {
    let told = if pair.first.daemon.is_standfast() {
        Duration::ZERO
    } else {
        // keepalived advertises it with its next tick.
        INTERVAL
    };
    let waits = if pair.second.daemon.is_standfast() {
        skew(SECOND_PRIORITY)
    } else {
        // keepalived ignores it and waits for its whole timer; an Active may not hurry a peer it never heard.
        down_interval(SECOND_PRIORITY)
    };
    told + waits + LATENESS
}

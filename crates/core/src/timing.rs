//! The intervals of the protocol, exact for every priority and interval.

use standfast_wire::vrrp::{Priority, Version};

use crate::time::Micros;

const SECOND: Micros = Micros(1_000_000);

/// Skew_Time: the better the priority, the shorter (RFC 3768 §6.1: parts of a second; RFC 9568
/// §6.1: parts of the Active router's interval). Rounded down to the microsecond.
pub fn skew(version: Version, priority: Priority, active_interval: Micros) -> Micros {
    let unit = match version {
        Version::V2 => SECOND,
        Version::V3 => active_interval,
    };
    let parts = 256 - u64::from(priority.0);
    Micros(unit.0.saturating_mul(parts) / 256)
}

/// Active_Down_Interval: silence after which the Active router is taken for dead (RFC 9568 §6.1);
/// `adverts` is 3 in the RFC and `down_timer_adverts` in keepalived.conf(5).
pub fn down_interval(
    version: Version,
    priority: Priority,
    active_interval: Micros,
    adverts: u8,
) -> Micros {
    active_interval
        .times(u64::from(adverts))
        .plus(skew(version, priority, active_interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition in rational numbers, without the rounding order of the code above.
    fn exact(version: Version, priority: u8, interval: u64) -> u64 {
        let unit = if version == Version::V2 {
            1_000_000
        } else {
            interval
        };
        let numerator = u128::from(interval) * 3 * 256
            + u128::from(unit) * u128::from(256 - u16::from(priority));
        u64::try_from(numerator / 256).unwrap()
    }

    #[test]
    fn exact_for_every_priority_and_interval() {
        for priority in 1..=255 {
            for seconds in 1..=255 {
                let interval = Micros::from_secs(seconds);
                let down = down_interval(Version::V2, Priority(priority), interval, 3);
                assert_eq!(down.0, exact(Version::V2, priority, interval.0));
            }
            for centiseconds in 1..=4095 {
                let interval = Micros(centiseconds * 10_000);
                let down = down_interval(Version::V3, Priority(priority), interval, 3);
                assert_eq!(down.0, exact(Version::V3, priority, interval.0));
            }
        }
    }

    #[test]
    fn the_backup_of_the_tutorial_waits_3_617_seconds() {
        let down = down_interval(Version::V2, Priority(98), SECOND, 3);
        assert_eq!(down, Micros(3_617_187));
    }
}

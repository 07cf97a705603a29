//! Who sent a packet, is it new, and the same for ours: the authentication header and the trailer
//! of `auth_hmac`.

use core::net::IpAddr;

use standfast_wire::ah;
use standfast_wire::ipv4::{PROTOCOL_AH, PROTOCOL_VRRP};
use standfast_wire::trailer::{self, Sequence, Trailer};
use standfast_wire::vrrp::Authentication;

use super::Router;
use crate::authentication::{AntiReplay, HmacMode, Replay, WallClock};
use crate::journal::DropCause;
use crate::time::Instant;

/// AH numbers that may be sent before a last will is renewed: once a minute.
const HEADER_RESERVE: u64 = 64;
/// Trailer numbers that may be sent before a last will is renewed, while the clock is behind them.
const TRAILER_RESERVE: u64 = 1 << 16;

/// What comes with a packet besides its message.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'p> {
    /// When.
    pub(crate) now: Instant,
    /// The clock of numbers.
    pub(crate) clock: &'p WallClock,
    /// The authentication header that it came in.
    pub(crate) header: Option<&'p ah::Packet<'p>>,
}

/// What a router knows of numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// Of authentication headers: the last one that we sent.
    header_sent: u64,
    /// The highest one that anybody sent: keepalived keeps one number for all.
    header_heard: u64,
    headers: Replay,
    /// Of trailers: the last one that we sent.
    trailer_sent: Sequence,
    trailers: Replay,
    /// The least number that may be used after our death without asking us.
    floor: u64,
}

impl Router {
    /// Authentication in the message itself.
    pub(crate) fn message_authentication(&self) -> Authentication {
        match self.spec.header_key {
            Some(_) => Authentication::Header,
            None => self.spec.authentication,
        }
    }

    /// Protocol of our packets.
    pub(crate) fn protocol(&self) -> u8 {
        match self.spec.header_key {
            Some(_) => PROTOCOL_AH,
            None => PROTOCOL_VRRP,
        }
    }

    /// Bytes between the IPv4 header and our message.
    pub(crate) fn header_length(&self) -> usize {
        match self.spec.header_key {
            Some(_) => ah::HEADER_LENGTH,
            None => 0,
        }
    }

    /// Bytes behind our message.
    pub(crate) fn trailer_length(&self) -> usize {
        let hmac = self.spec.hmac.as_ref();
        match hmac.and_then(|hmac| hmac.signing_key()) {
            Some(_) => trailer::LENGTH,
            None => 0,
        }
    }

    /// The number of a packet that came in an authentication header.
    pub(super) fn check_header(&self, arrival: &Arrival<'_>) -> Result<Option<u32>, DropCause> {
        match (&self.spec.header_key, arrival.header) {
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(DropCause::AuthenticationType),
            (Some(key), Some(packet)) => {
                let (source, sequence) = (IpAddr::V4(packet.ip.source), packet.sequence);
                if !packet.is_authentic(key) {
                    return Err(DropCause::Authentication);
                }
                let number = Sequence(u64::from(sequence));
                if sequence == 0 || !self.numbers.headers.is_new(source, number) {
                    return Err(DropCause::HeaderReplay);
                }
                Ok(Some(sequence))
            }
        }
    }

    /// The number of a signed message, in the order in which keepalived looks.
    pub(super) fn check_trailer(
        &self,
        source: IpAddr,
        signed: Option<&Trailer<'_>>,
        arrival: &Arrival<'_>,
    ) -> Result<Option<Sequence>, DropCause> {
        let Some(hmac) = &self.spec.hmac else {
            return Ok(None);
        };
        let Some(signed) = signed else {
            return match hmac.mode {
                HmacMode::Enforce => Err(DropCause::TrailerMissing),
                HmacMode::Permissive | HmacMode::ReceiveOnly => Ok(None),
            };
        };
        if !signed.well_formed {
            return Err(DropCause::TrailerMalformed);
        }
        if let AntiReplay::Time(window) = hmac.anti_replay
            && !arrival.clock.is_near(arrival.now, signed.sequence, window)
        {
            return Err(DropCause::TrailerStale);
        }
        let key = hmac.key(signed.key).ok_or(DropCause::TrailerKey)?;
        if !signed.is_authentic(source, key) {
            return Err(DropCause::TrailerHmac);
        }
        if !self.numbers.trailers.is_new(source, signed.sequence) {
            return Err(DropCause::TrailerReplay);
        }
        Ok(Some(signed.sequence))
    }

    /// The packet was taken: its numbers are used up.
    pub(super) fn note_numbers(
        &mut self,
        now: Instant,
        source: IpAddr,
        header: Option<u32>,
        signed: Option<Sequence>,
    ) {
        if let Some(number) = header {
            let number = u64::from(number);
            self.numbers.header_heard = self.numbers.header_heard.max(number);
            self.numbers.headers.note(now, source, Sequence(number));
        }
        if let Some(sequence) = signed {
            self.numbers.trailers.note(now, source, sequence);
        }
    }

    /// Signs the message in a buffer that has room for the trailer.
    pub(crate) fn sign(
        &mut self,
        now: Instant,
        clock: &WallClock,
        payload: &mut [u8],
        to: IpAddr,
    ) -> Option<()> {
        let Some(key) = self.spec.hmac.as_ref().and_then(|hmac| hmac.signing_key()) else {
            return Some(());
        };
        let (next, shown) = (self.numbers.trailer_sent.next(), clock.sequence(now));
        // Ahead of the clock only after it stepped back.
        let ahead = self.numbers.trailer_sent != Sequence::default() && !shown.is_after(next);
        let sequence = if ahead { next } else { shown };
        trailer::sign(payload, key, sequence, self.source?, to)?;
        self.numbers.trailer_sent = sequence;
        self.numbers.floor = if ahead {
            reserved(sequence.0, TRAILER_RESERVE)
        } else {
            0
        };
        Some(())
    }

    /// Puts the authentication header into a packet that has room for it.
    pub(crate) fn seal(
        &mut self,
        now: Instant,
        clock: &WallClock,
        packet: &mut [u8],
    ) -> Option<()> {
        let Some(key) = &self.spec.header_key else {
            return Some(());
        };
        let last = self.numbers.header_sent.max(self.numbers.header_heard);
        let number = last.saturating_add(1).max(clock.seconds(now));
        let number = number.min(u64::from(u32::MAX));
        ah::seal(packet, u32::try_from(number).unwrap_or(u32::MAX), key)?;
        self.numbers.header_sent = number;
        self.numbers.floor = reserved(number, HEADER_RESERVE);
        Some(())
    }

    /// Whoever speaks for us after our death begins at this number, or at the clock's if that is
    /// later. It changes seldom.
    pub fn sequence_floor(&self) -> u64 {
        self.numbers.floor
    }
}

/// Beyond every number up to the next multiple of `reserve`.
fn reserved(number: u64, reserve: u64) -> u64 {
    (number / reserve).saturating_add(2).saturating_mul(reserve)
}

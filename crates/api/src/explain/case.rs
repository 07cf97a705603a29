//! What is asked about, and what several findings need to know.

use std::net::IpAddr;

use crate::event::Record;
use crate::status::{Check, Instance, NodeOfInstance, PriorityPart, Speaker, State, Status};

use super::text::time;

/// Advertisements are missed when none came for so many intervals.
const FRESH_INTERVALS: u64 = 4;
/// A busy host delays them by so much at most, in microseconds.
const SLACK_US: u64 = 500_000;
/// A shorter age is just now, in microseconds.
const NOTICEABLE_US: u64 = 1_000_000;
/// Whoever speaks with another VRID says its interval to nobody; so long it is waited for at least, in microseconds.
const STRANGER_US: u64 = 10_000_000;

/// One instance within its status.
pub(super) struct Case<'a> {
    pub(super) status: &'a Status,
    pub(super) instance: &'a Instance,
    /// The last part of the journal, oldest first; empty where nobody has read it.
    pub(super) records: &'a [Record],
}

impl<'a> Case<'a> {
    /// How long ago that was, in microseconds.
    pub(super) fn age_us(&self, at_us: u64) -> u64 {
        self.status.node.now_us.saturating_sub(at_us)
    }

    /// How long ago that was: `3.6 s ago`. Less than a second says nothing but when somebody asked.
    pub(super) fn ago(&self, at_us: u64) -> String {
        match self.age_us(at_us) {
            0..NOTICEABLE_US => "just now".to_owned(),
            age => format!("{} ago", time(age)),
        }
    }

    /// For how long that is so: `for 3.6 s`.
    pub(super) fn lasting(&self, since_us: u64) -> String {
        match self.age_us(since_us) {
            0..NOTICEABLE_US => "for less than a second".to_owned(),
            age => format!("for {}", time(age)),
        }
    }

    /// In how long that is.
    pub(super) fn until(&self, at_us: u64) -> String {
        time(at_us.saturating_sub(self.status.node.now_us))
    }

    pub(super) fn is_master(&self) -> bool {
        self.instance.state == State::Master
    }

    /// Whether a sender is heard now.
    pub(super) fn is_heard(&self, speaker: &Speaker) -> bool {
        let interval = speaker.interval_us.unwrap_or(0);
        let interval = interval.max(self.instance.advert_interval_us);
        let most = interval
            .saturating_mul(FRESH_INTERVALS)
            .saturating_add(SLACK_US);
        self.age_us(speaker.heard_us) <= most
    }

    /// Whether it went on after we had become what we are, and our first advertisement had time to act.
    pub(super) fn goes_on(&self, heard_us: u64) -> bool {
        let settled = self.instance.advert_interval_us.saturating_add(SLACK_US);
        heard_us > self.instance.since_us.saturating_add(settled)
    }

    /// How long a packet of somebody with another VRID is news, in microseconds.
    pub(super) fn stranger_lasts_us(&self) -> u64 {
        let intervals = self.instance.advert_interval_us;
        STRANGER_US.max(intervals.saturating_mul(FRESH_INTERVALS))
    }

    /// The Standfast node at that address said after this moment that it is no master of this virtual router: what it did
    /// before is over.
    pub(super) fn has_given_way(&self, address: IpAddr, at_us: u64) -> bool {
        let node = self.node_at(address);
        node.is_some_and(|it| it.state != State::Master && it.heard_us >= at_us)
    }

    /// Other Standfast nodes of this virtual router.
    pub(super) fn others(&self) -> impl Iterator<Item = &'a NodeOfInstance> {
        self.instance.nodes.iter().filter(|it| !it.here)
    }

    /// Whether there are other Standfast nodes of this virtual router, and all are drained.
    pub(super) fn only_drained(&self) -> bool {
        self.others().next().is_some() && self.others().all(|it| it.drained)
    }

    /// The Standfast node at that address.
    pub(super) fn node_at(&self, address: IpAddr) -> Option<&'a NodeOfInstance> {
        self.others().find(|it| it.address == Some(address))
    }

    pub(super) fn speaker_at(&self, address: IpAddr) -> Option<&'a Speaker> {
        let mut speakers = self.instance.speakers.iter();
        speakers.find(|it| it.address == address)
    }

    /// `nginx-2 (192.0.2.12)`, or the address alone.
    pub(super) fn named(&self, address: IpAddr) -> String {
        match self.node_at(address) {
            Some(node) => format!("{} ({address})", node.name),
            None => address.to_string(),
        }
    }

    /// The same with the hardware address where it is known.
    pub(super) fn named_with_mac(&self, address: IpAddr) -> String {
        let mac = self.speaker_at(address).and_then(|it| it.mac.as_ref());
        match (self.node_at(address), mac) {
            (Some(node), Some(mac)) => format!("{} ({address}, MAC {mac})", node.name),
            (None, Some(mac)) => format!("{address} (MAC {mac})"),
            (_, None) => self.named(address),
        }
    }

    /// What is tracked and counts, with the check where it is one.
    pub(super) fn check(&self, part: &PriorityPart) -> Option<&'a Check> {
        let mut checks = self.status.checks.iter();
        checks.find(|it| part.kind == "check" && it.name == part.name)
    }

    /// The check of that name.
    pub(super) fn check_named(&self, name: &str) -> Option<&'a Check> {
        self.status.checks.iter().find(|it| it.name == name)
    }

    /// The instance's own addresses as a list: at most three, and how many more.
    pub(super) fn own_addresses(&self) -> String {
        let own: Vec<IpAddr> = self
            .instance
            .addresses
            .iter()
            .map(|it| it.address)
            .collect();
        addresses(&own)
    }

    /// The best other priority that is known, and whose it is: of a Standfast node what it says now, of others what they
    /// advertised last.
    pub(super) fn best_other(&self) -> Option<(u8, IpAddr)> {
        let nodes = self.others().filter(|it| it.state != State::Fault);
        let nodes = nodes.filter_map(|it| Some((it.priority, it.address?)));
        let speakers = self.instance.speakers.iter();
        let speakers = speakers.filter(|it| it.taken > 0 && self.node_at(it.address).is_none());
        let speakers = speakers.filter_map(|it| Some((it.priority?, it.address)));
        nodes.chain(speakers).max()
    }
}

/// At most three of them, and how many more.
pub(super) fn addresses(all: &[IpAddr]) -> String {
    const MOST: usize = 3;
    let shown: Vec<String> = all.iter().take(MOST).map(IpAddr::to_string).collect();
    match all.len().checked_sub(MOST) {
        None | Some(0) => super::text::list(&shown),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

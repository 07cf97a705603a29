//! What is wanted: the part of a configuration that decides.
//!
//! A `Spec` is complete and valid by construction of its types; what a configuration file leaves
//! out has been filled with keepalived's defaults before.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::ah;
use standfast_wire::peer::NodeNumber;
use standfast_wire::vrrp::{Authentication, ChecksumForm, Interval, Priority, Version, Vrid};

use crate::authentication::Hmac;
use crate::time::Micros;

/// Everything a node is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// Virtual routers; two with the same key: the first counts.
    pub routers: Vec<RouterSpec>,
    /// Checks that routers may track; names are unique.
    pub checks: Vec<CheckSpec>,
    /// First down interval of a starting node begins this much later (`vrrp_startup_delay`).
    pub startup_delay: Micros,
    /// Objects that something outside looks at; two of one name: the first counts.
    pub trackers: Vec<TrackerSpec>,
    /// Links whose changes have to last before they count.
    pub link_delays: Vec<LinkDelay>,
    /// What the host holds whatever the state of its routers.
    pub statics: Statics,
    /// How this node calls itself on the peer channel.
    pub node: NodeIdentity,
}

/// Who a node is to its peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeIdentity {
    /// Random, another one at each start of the daemon; 0 keeps the peer channel off.
    pub number: NodeNumber,
    /// `router_id`, else the host's name; for people.
    pub name: String,
}

/// `static_ipaddress`, `static_routes` and `static_rules`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statics {
    /// Addresses, each with its interface.
    pub addresses: Vec<VirtualAddress>,
    /// Routes and rules, in the order in which they are added.
    pub fixtures: Vec<Fixture>,
}

/// Address family of a virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4
    V4,
    /// IPv6
    V6,
}

impl Family {
    /// The family of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }
}

/// What makes two virtual routers the same one across a reload: not the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouterKey {
    /// Interface name, or without an interface the source address.
    pub interface: String,
    /// Virtual router identifier.
    pub vrid: Vrid,
    /// Address family.
    pub family: Family,
}

/// One `vrrp_instance`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterSpec {
    /// Name in the configuration.
    pub name: String,
    /// Interface that advertisements are sent on; empty for a unicast router that has none and therefore a `source`.
    pub interface: String,
    /// Virtual router identifier.
    pub vrid: Vrid,
    /// Protocol version.
    pub version: Version,
    /// Base priority, 1–255.
    pub priority: Priority,
    /// Time between advertisements; whole seconds in version 2, centiseconds in version 3.
    pub advert_interval: Micros,
    /// Version 2 authentication in the message.
    pub authentication: Authentication,
    /// Advertisements travel in authentication headers (`auth_type AH`); takes the place of
    /// `authentication`.
    pub header_key: Option<ah::Key>,
    /// Advertisements are signed (`auth_hmac`).
    pub hmac: Option<Hmac>,
    /// Multicast group; with `unicast` only its family counts.
    pub group: IpAddr,
    /// Advertisements go to these peers instead of the group.
    pub unicast: Option<Unicast>,
    /// Source address of advertisements, if not the interface's primary one.
    pub source: Option<IpAddr>,
    /// Checksum form of version 3 advertisements sent for IPv4.
    pub checksum: ChecksumForm,
    /// Checksums of version 3 over unicast IPv4 as old peers make them.
    pub old_checksum: OldChecksum,
    /// Addresses that are advertised.
    pub addresses: Vec<VirtualAddress>,
    /// Addresses that move along without being advertised.
    pub excluded: Vec<VirtualAddress>,
    /// Routes and rules that move along, in the order in which they are added.
    pub fixtures: Vec<Fixture>,
    /// Configured `state`; decides only how an owner starts.
    pub wanted: Wanted,
    /// Take over from a router with a lower priority.
    pub preempt: bool,
    /// Wait this long after first seeing a lower router before taking over.
    pub preempt_delay: Micros,
    /// Intervals of silence before the Active router is taken for dead (3 in the RFC).
    pub down_timer_adverts: u8,
    /// Do not compare address lists of the router whose advertisements were accepted last.
    pub skip_check_adv_addr: bool,
    /// Active does not answer lower-priority advertisements.
    pub lower_prio_no_advert: bool,
    /// Active sends one more advertisement before yielding.
    pub higher_prio_send_advert: bool,
    /// An owner discards all advertisements (RFC 9568 §7.1).
    pub owner_ignore_adverts: bool,
    /// Gratuitous ARP settings.
    pub garp: Garp,
    /// Go to FAULT when the own interface is down.
    pub track_primary: bool,
    /// Go to FAULT while the configured source address is not on the interface (`track_src_ip`).
    pub track_source: bool,
    /// After a pause in which a Backup of this priority would have taken over, be Backup
    /// (`timer_expired_backup`).
    pub stalled_backup: Option<Priority>,
    /// Tracked objects.
    pub tracks: Vec<Track>,
    /// The group that it belongs to: all of its members are Active, or none (`vrrp_sync_group`).
    pub sync_group: Option<String>,
    /// Where we go beyond the protocol.
    pub rules: Rules,
    /// What is told of it besides changes of state.
    pub notify: Notify,
    /// An interface of the router's own, which the driver makes; addresses that lie on it name it themselves.
    pub virtual_interface: Option<VirtualInterface>,
    /// Packets to and from the addresses pass (`accept`); without it the driver drops them while it holds an address.
    pub accept: bool,
    /// It speaks with other Standfast nodes (`peer_channel`); `None`: with nobody.
    pub channel: Option<Channel>,
}

/// What a router does on the peer channel (docs/peer-channel.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// The liveness of the Active router's node is watched (`fast_detect`).
    pub fast_detect: Option<FastDetect>,
}

/// How a node that has failed is noticed before its advertisements are missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastDetect {
    /// A sign of life comes this often.
    pub interval: Micros,
    /// So many missing in a row are a suspicion.
    pub misses: u8,
}

/// A macvlan or ipvlan interface of a router's own (keepalived.conf(5): `use_vmac`, `use_ipvlan`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualInterface {
    /// Its name.
    pub name: String,
    /// Advertisements leave from the interface below all the same (`vmac_xmit_base`).
    pub transmit_base: bool,
    /// It has the virtual router's MAC address, which two nodes must not speak from at the same time.
    pub virtual_mac: bool,
}

impl RouterSpec {
    /// A router of version 2 for IPv4 on `eth0`, named `VI_1`, without addresses, otherwise with
    /// keepalived's defaults and our rules.
    pub fn plain(vrid: Vrid, priority: Priority) -> Self {
        RouterSpec {
            name: String::from("VI_1"),
            interface: String::from("eth0"),
            vrid,
            version: Version::V2,
            priority,
            advert_interval: Micros::from_secs(1),
            authentication: Authentication::None,
            header_key: None,
            hmac: None,
            group: IpAddr::V4(standfast_wire::vrrp::GROUP),
            unicast: None,
            source: None,
            checksum: ChecksumForm::PseudoHeader,
            old_checksum: OldChecksum::Detect,
            addresses: Vec::new(),
            excluded: Vec::new(),
            fixtures: Vec::new(),
            wanted: Wanted::Unset,
            preempt: true,
            preempt_delay: Micros::ZERO,
            down_timer_adverts: 3,
            skip_check_adv_addr: false,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            owner_ignore_adverts: false,
            garp: Garp::default(),
            track_primary: true,
            track_source: false,
            stalled_backup: None,
            tracks: Vec::new(),
            sync_group: None,
            rules: Rules::OVERLAP,
            notify: Notify::default(),
            virtual_interface: None,
            accept: true,
            channel: None,
        }
    }

    /// The interface that advertisements are heard on. A kernel shows a frame from the virtual router's MAC address to
    /// the interface with that address alone; a unicast peer sends to the address of the interface below.
    pub fn hears_on(&self) -> &str {
        match &self.virtual_interface {
            Some(own) if self.unicast.is_none() || !own.virtual_mac => &own.name,
            Some(_) | None => &self.interface,
        }
    }

    /// The interface that advertisements leave from.
    pub fn sends_on(&self) -> &str {
        match &self.virtual_interface {
            Some(own) if !own.transmit_base => self.hears_on(),
            Some(_) | None => &self.interface,
        }
    }

    /// Whether its addresses lie behind the virtual router's MAC address.
    pub fn has_virtual_mac(&self) -> bool {
        let own = self.virtual_interface.as_ref();
        own.is_some_and(|own| own.virtual_mac)
    }

    /// The identity of this router across reloads.
    pub fn key(&self) -> RouterKey {
        let without = || self.source.map(|source| source.to_string());
        let interface = Some(self.interface.clone()).filter(|_| self.has_interface());
        RouterKey {
            interface: interface.or_else(without).unwrap_or_default(),
            vrid: self.vrid,
            family: self.family(),
        }
    }

    /// Whether it belongs to an interface.
    pub fn has_interface(&self) -> bool {
        !self.interface.is_empty()
    }

    /// Address family, that of the group.
    pub fn family(&self) -> Family {
        Family::of(self.group)
    }

    /// The interval as the wire carries it.
    pub fn wire_interval(&self) -> Interval {
        match self.version {
            Version::V2 => Interval::Seconds(
                u8::try_from(self.advert_interval.0 / 1_000_000).unwrap_or(u8::MAX),
            ),
            Version::V3 => Interval::Centiseconds(
                u16::try_from(self.advert_interval.0 / 10_000).unwrap_or(u16::MAX),
            ),
        }
    }

    /// All addresses that this router holds while Active, advertised ones first.
    pub fn all_addresses(&self) -> impl Iterator<Item = &VirtualAddress> {
        self.addresses.iter().chain(&self.excluded)
    }

    /// Whether we own the addresses: the priority is fixed and weights do not count.
    pub fn is_owner(&self) -> bool {
        self.priority == Priority::OWNER
    }
}

/// Advertisements without multicast (keepalived.conf(5): `unicast_peer`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unicast {
    /// Whom advertisements go to; without any the router is in FAULT.
    pub peers: Vec<UnicastPeer>,
    /// TTL of what is sent.
    pub ttl: u8,
    /// Whether others than the peers are believed.
    pub strangers: Strangers,
}

impl Unicast {
    /// The peer with that address.
    pub fn peer(&self, address: IpAddr) -> Option<&UnicastPeer> {
        self.peers.iter().find(|peer| peer.address == address)
    }
}

/// `old_unicast_checksum`: how version 3 over unicast IPv4 makes its checksums, which keepalived up to 1.3.6 got wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldChecksum {
    /// As each peer does.
    Detect,
    /// The old way.
    Always,
    /// The right way, and nothing else is taken.
    Never,
}

/// One unicast peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnicastPeer {
    /// Its address.
    pub address: IpAddr,
    /// Least TTL that is accepted from it.
    pub min_ttl: u8,
    /// Greatest TTL that is accepted from it.
    pub max_ttl: u8,
}

/// What advertisements from others than the configured peers are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// As much as a peer's (`check_unicast_src off`).
    Believed,
    /// As much as a peer's until a peer is heard, nothing from then on.
    UntilPeerHeard,
    /// Nothing (`check_unicast_src on`).
    Ignored,
}

/// The configured `state` of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `state MASTER`
    Master,
    /// `state BACKUP`
    Backup,
    /// No `state` line.
    Unset,
}

/// One address of `virtual_ipaddress` or `virtual_ipaddress_excluded`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// Prefix length.
    pub prefix: u8,
    /// Interface that holds it, if not the router's.
    pub interface: Option<String>,
    /// Broadcast address.
    pub broadcast: Option<IpAddr>,
    /// Peer address and its prefix length.
    pub peer: Option<(IpAddr, u8)>,
    /// Scope as in rtnetlink(7); 0 is global.
    pub scope: u8,
    /// Label of an IPv4 address.
    pub label: Option<String>,
    /// Deletion by others is not undone.
    pub no_track: bool,
    /// What the kernel does with it.
    pub options: AddressOptions,
}

/// How the kernel uses an address (ip-address(8)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressOptions {
    /// IPv6: a mobile node's home address.
    pub home: bool,
    /// IPv6: the kernel looks for a duplicate before it uses the address; else it does not.
    pub duplicate_detection: bool,
    /// IPv6: a template for temporary addresses.
    pub manage_temporary: bool,
    /// No route to its subnet.
    pub no_prefix_route: bool,
    /// Joins the multicast group that it is.
    pub auto_join: bool,
    /// IPv6: for so many seconds the kernel may choose it as a source; `None` for ever, 0 not at all.
    pub preferred_lifetime_s: Option<u32>,
}

/// A route or rule that comes and goes as a whole; what it is, only the driver knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixture {
    /// Which of the two.
    pub kind: FixtureKind,
    /// Everything about it, in the words of ip(8): two with the same text are the same.
    pub text: Arc<str>,
    /// Deletion by others is not undone.
    pub no_track: bool,
}

/// What a fixture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FixtureKind {
    /// A route.
    Route,
    /// A routing rule.
    Rule,
}

impl VirtualAddress {
    /// A global address without options.
    pub fn plain(address: IpAddr, prefix: u8) -> Self {
        VirtualAddress {
            address,
            prefix,
            interface: None,
            broadcast: None,
            peer: None,
            scope: 0,
            label: None,
            no_track: false,
            options: AddressOptions::default(),
        }
    }
}

/// Gratuitous ARP settings (keepalived.conf(5): `garp_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garp {
    /// Announcements of each address in a burst.
    pub repeat: u16,
    /// Time from becoming Active to the second burst; zero: none.
    pub delay: Micros,
    /// Time between periodic announcements; zero: none.
    pub refresh: Micros,
    /// Announcements of each address at a refresh.
    pub refresh_repeat: u16,
    /// Announcements of each address when a lower-priority advertisement is heard.
    pub lower_prio_repeat: u16,
    /// Time to the repetition of those; zero: none.
    pub lower_prio_delay: Micros,
    /// Time between periodic announcements of addresses on other interfaces than the router's own
    /// (`garp_extra_if`); zero: none.
    pub extra: Micros,
}

impl Default for Garp {
    /// keepalived's defaults: five at once, five more after five seconds.
    fn default() -> Self {
        Garp {
            repeat: 5,
            delay: Micros::from_secs(5),
            refresh: Micros::ZERO,
            refresh_repeat: 1,
            lower_prio_repeat: 5,
            lower_prio_delay: Micros::from_secs(5),
            extra: Micros::ZERO,
        }
    }
}

/// What scripts, FIFOs and mail hear of besides changes of state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// A removal by a reload is told as DELETED, not as FAULT (`notify_deleted`).
    pub deleted: bool,
    /// Changes of the effective priority are told (`notify_priority_changes`).
    pub priority_changes: bool,
}

/// Where we go beyond the protocol; all off under `vrrp_strict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How an Active router leaves.
    pub leave: Leave,
    /// After a conflict the survivor is heard last: repeated announcements, probes for other
    /// holders, a last advertisement of the loser, listening after a pause, a lowered priority
    /// advertised at once.
    pub conflict: bool,
    /// A Backup takes over after the skew when the Active router that it followed falls below it,
    /// instead of waiting for its silence.
    pub fast_resignation: bool,
    /// An advertisement that is due within a slice of another router's goes out together with it, early and never
    /// late: one wake-up and one system call for many.
    pub align: bool,
    /// A starting node that hears nobody for an interval and the skew, and whose probes for its first address nobody
    /// answers, serves then instead of after the down interval.
    pub start_probe: bool,
}

impl Rules {
    /// The protocol and nothing else.
    pub const PROTOCOL: Rules = Rules {
        leave: Leave::Immediate,
        conflict: false,
        fast_resignation: false,
        align: false,
        start_probe: false,
    };
    /// Our defaults for a router without scripts that act on roles.
    pub const OVERLAP: Rules = Rules {
        leave: Leave::Overlap,
        conflict: true,
        fast_resignation: true,
        align: true,
        start_probe: false,
    };
}

/// How an Active router leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Priority 0, then go on answering until a successor is there.
    Overlap,
    /// Run the scripts, release the addresses, then priority 0.
    Exclusive,
    /// Priority 0 and release at once, as keepalived does.
    Immediate,
}

/// One tracked object of a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// What is tracked.
    pub object: Tracked,
    /// What its state does to the priority.
    pub weight: Weight,
}

/// What is tracked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tracked {
    /// A check, by name.
    Check(String),
    /// An interface, by name.
    Interface(String),
    /// The number in a file (`track_file`), by the name of its block.
    File(String),
    /// How many processes run (`vrrp_track_process`), by the name of its block.
    Process(String),
    /// A BFD session, by name.
    Bfd(String),
}

/// A tracked object that something outside looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackerSpec {
    /// Which: a file, processes or a session.
    pub object: Tracked,
    /// Everything that makes it another object when it changes (path, command).
    pub definition: String,
    /// What an observation of it means.
    pub kind: TrackerKind,
}

/// What an observation means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackerKind {
    /// A number that is multiplied with the weight.
    Number,
    /// A number of processes.
    Quorum(Quorum),
    /// 1 is up, 0 is down; down until it is told.
    Session,
}

/// How many processes have to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// At least so many (`quorum`).
    pub least: u32,
    /// At most so many (`quorum_max`).
    pub most: Option<u32>,
    /// A change because of one more has to last so long (`fork_delay`).
    pub gain_delay: Micros,
    /// A change because of one less has to last so long (`terminate_delay`).
    pub loss_delay: Micros,
}

/// How long a link's change has to last before it counts (`interface_up_down_delays`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkDelay {
    /// Interface name.
    pub interface: String,
    /// Before it counts as down.
    pub down: Micros,
    /// Before it counts as up.
    pub up: Micros,
}

/// Weight of a tracked object: positive counts while it is up, negative while it is down, 0 means
/// FAULT while it is down. `reverse` changes the sign of the first two and swaps up and down for 0,
/// as keepalived 2.2.7 does (keepalived.conf(5) leaves it open).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// -253..=253
    pub value: i16,
    /// The opposite sign, and for 0 the opposite state.
    pub reverse: bool,
}

impl Weight {
    /// Down means FAULT.
    pub const FAULT: Weight = Weight {
        value: 0,
        reverse: false,
    };

    /// What an object in that state adds to the priority, or whether it makes a fault.
    pub fn effect(self, up: bool) -> Effect {
        match self.value {
            0 if up != self.reverse => Effect::Add(0),
            0 => Effect::Fault,
            value if (value > 0) != up => Effect::Add(0),
            value if self.reverse => Effect::Add(value.saturating_neg()),
            value => Effect::Add(value),
        }
    }

    /// What a number adds to the priority: their product, at most 253; one of -254 or less makes a
    /// fault, and so does any number but 0 with weight 0 (with `reverse`: 0 itself).
    pub fn effect_of_number(self, number: i32) -> Effect {
        /// What weighs so little is a fault.
        const LEAST: i64 = -254;
        /// As much as a tracked object may add.
        const MOST: i64 = 253;
        if self.value == 0 {
            return match (number == 0) == self.reverse {
                true => Effect::Fault,
                false => Effect::Add(0),
            };
        }
        let product = i64::from(number) * i64::from(self.value);
        let product = if self.reverse { -product } else { product };
        match i16::try_from(product.min(MOST)) {
            Ok(sum) if i64::from(sum) > LEAST => Effect::Add(sum),
            _ => Effect::Fault,
        }
    }
}

/// What a tracked object does to a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Adds to the priority.
    Add(i16),
    /// Makes a fault.
    Fault,
}

/// One `vrrp_script`, as far as it decides; what is run is the driver's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSpec {
    /// Name in the configuration.
    pub name: String,
    /// Everything that makes it another check when it changes (command line, user).
    pub definition: String,
    /// Time between starts.
    pub interval: Micros,
    /// Longest run.
    pub timeout: Micros,
    /// Consecutive successes to count as up.
    pub rise: u32,
    /// Consecutive failures to count as down.
    pub fall: u32,
    /// Starts as down.
    pub init_fail: bool,
    /// It cannot run: why, for people.
    pub unusable: Option<String>,
    /// How it is found out.
    pub kind: CheckKind,
    /// What is tried before a failure counts.
    pub repair: Option<Repair>,
}

/// How the result of a check is found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// A command is run at every interval (`vrrp_script`).
    Script,
    /// Something is asked at every interval (`vrrp_check` with `tcp` or `http`).
    Request,
    /// The driver tells by itself how many processes run (`vrrp_check` with `process`): nothing is asked, and what was
    /// told last counts once more at every interval while `rise` or `fall` want more than one result.
    Process,
}

/// What is tried before a failure of a check counts (`repair`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Everything that makes it another one when it changes (command line, user).
    pub definition: String,
    /// So many times within a minute, at least 1.
    pub attempts: u32,
    /// From the command's end to the look at what it did.
    pub wait: Micros,
    /// Longest run of the command.
    pub timeout: Micros,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_as_in_keepalived() {
        let weight = |value, reverse| Weight { value, reverse };
        for (weight, up, down) in [
            (weight(0, false), Effect::Add(0), Effect::Fault),
            (weight(0, true), Effect::Fault, Effect::Add(0)),
            (weight(5, false), Effect::Add(5), Effect::Add(0)),
            (weight(5, true), Effect::Add(-5), Effect::Add(0)),
            (weight(-5, false), Effect::Add(0), Effect::Add(-5)),
            (weight(-5, true), Effect::Add(0), Effect::Add(5)),
        ] {
            assert_eq!(weight.effect(true), up, "{weight:?}");
            assert_eq!(weight.effect(false), down, "{weight:?}");
        }
    }

    /// As keepalived 2.2.7 does, number by number.
    #[test]
    fn numbers_count_as_in_keepalived() {
        for (value, reverse, number, effect) in [
            (1, false, 7, Effect::Add(7)),
            (1, false, -253, Effect::Add(-253)),
            (1, false, -254, Effect::Fault),
            (1, false, 300, Effect::Add(253)),
            (1, true, 300, Effect::Fault),
            (1, true, -5, Effect::Add(5)),
            (2, false, -100, Effect::Add(-200)),
            (-254, false, 1, Effect::Fault),
            (-254, false, -1, Effect::Add(253)),
            (-254, false, 0, Effect::Add(0)),
            (0, false, 0, Effect::Add(0)),
            (0, false, -1, Effect::Fault),
            (0, true, 0, Effect::Fault),
            (0, true, 4, Effect::Add(0)),
            (254, true, i32::MAX, Effect::Fault),
            (254, false, i32::MIN, Effect::Fault),
        ] {
            let weight = Weight { value, reverse };
            assert_eq!(
                weight.effect_of_number(number),
                effect,
                "{weight:?} {number}"
            );
        }
    }
}

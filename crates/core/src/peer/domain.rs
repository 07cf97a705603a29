//! Which of our routers speak where, and with which key.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::peer::{self, Hint, Key, Message};
use standfast_wire::vrrp::{Authentication, Vrid};

use super::{DomainId, PeerDrop};
use crate::input::{InterfaceIndex, PeerPacket, RouterId};
use crate::journal::{Difference, Event};
use crate::node::Node;
use crate::router::{REPORT_PERIOD, Router};
use crate::spec::{Family, FastDetect, RouterSpec};
use crate::time::Instant;

/// What comes from this link only.
const TTL: u8 = 255;

/// What a router's configuration comes to on the channel.
#[derive(Clone, Debug)]
pub(crate) struct Speech {
    /// The first one is ours, the others are believed as well.
    keys: Vec<Key>,
    /// Digest of the advertised addresses.
    pub(crate) addresses: u64,
}

impl Speech {
    /// `None` for a router that does not speak.
    pub(crate) fn of(spec: &RouterSpec) -> Option<Self> {
        spec.channel?;
        Some(Speech {
            keys: keys(spec),
            addresses: peer::digest_of(spec.addresses.iter().map(|held| held.address)),
        })
    }

    /// The name of our key.
    pub(crate) fn hint(&self) -> Hint {
        self.keys.first().map_or(Hint::default(), Key::hint)
    }
}

/// As the advertisements are authenticated, so is the channel.
fn keys(spec: &RouterSpec) -> Vec<Key> {
    if let Some(hmac) = &spec.hmac {
        let active = hmac.keys.iter().filter(|key| key.id() == hmac.active);
        let others = hmac.keys.iter().filter(|key| key.id() != hmac.active);
        let all = active.chain(others);
        return all.map(|key| Key::new(b"hmac", key.reveal())).collect();
    }
    let key = match (&spec.header_key, &spec.authentication) {
        (Some(key), _) => Key::new(b"ah", &key.reveal()),
        (None, Authentication::Password(password)) => Key::new(b"pass", password),
        (None, Authentication::None | Authentication::Header | Authentication::Other(_)) => {
            Key::new(b"none", b"")
        }
    };
    Vec::from([key])
}

/// Routers that speak from one address with one key.
#[derive(Clone, Debug)]
pub(super) struct Domain {
    pub(super) key: Key,
    accepts: Vec<Key>,
    pub(super) routers: BTreeMap<Vrid, RouterId>,
    /// Groups, and unicast peers.
    pub(super) destinations: BTreeSet<IpAddr>,
    multicast: bool,
    /// Unicast peers, and the least TTL of each.
    peers: BTreeMap<IpAddr, u8>,
    /// How the others' liveness is watched.
    pub(super) watch: Option<FastDetect>,
}

impl Domain {
    fn new(key: Key) -> Self {
        Domain {
            key,
            accepts: Vec::new(),
            routers: BTreeMap::new(),
            destinations: BTreeSet::new(),
            multicast: false,
            peers: BTreeMap::new(),
            watch: None,
        }
    }

    fn add(&mut self, router: &Router, speech: &Speech) {
        for key in &speech.keys {
            if !self.accepts.contains(key) {
                self.accepts.push(key.clone());
            }
        }
        let spec = router.spec();
        self.routers.insert(spec.vrid, router.id());
        self.destinations.extend(router.destinations());
        self.multicast |= spec.unicast.is_none();
        for peer in spec.unicast.iter().flat_map(|unicast| &unicast.peers) {
            let least = if peer.min_ttl == 0 { TTL } else { peer.min_ttl };
            self.peers.insert(peer.address, least);
        }
        if let Some(wanted) = spec.channel.and_then(|channel| channel.fast_detect) {
            let known = self.watch.map(|watch| watch.interval);
            if known.is_none_or(|known| wanted.interval < known) {
                self.watch = Some(wanted);
            }
        }
    }

    /// Whether a host may speak with us from that far.
    fn believes(&self, source: IpAddr, ttl: u8) -> Result<(), PeerDrop> {
        match self.peers.get(&source) {
            Some(least) if ttl >= *least => Ok(()),
            Some(_) => Err(PeerDrop::Ttl),
            None if !self.multicast => Err(PeerDrop::Stranger),
            None if ttl == TTL => Ok(()),
            None => Err(PeerDrop::Ttl),
        }
    }
}

impl Node {
    /// Finds out who speaks where.
    pub(super) fn find_domains(&mut self, now: Instant) {
        let mut domains: BTreeMap<DomainId, Domain> = BTreeMap::new();
        let off = self.identity.number.0 == 0;
        for router in self.routers.values().filter(|_| !off) {
            let (Some((interface, source)), Some(speech)) =
                (router.channel_place(), router.speech())
            else {
                continue;
            };
            let up = interface == InterfaceIndex::ANY
                || self.interfaces().get(interface).is_some_and(|it| it.up);
            let Some(key) = speech.keys.first().filter(|_| up && !router.is_finished()) else {
                continue;
            };
            let id = DomainId {
                interface,
                source,
                hint: key.hint(),
            };
            let domain = domains
                .entry(id)
                .or_insert_with(|| Domain::new(key.clone()));
            domain.add(router, speech);
        }
        let known = |id: &DomainId| domains.contains_key(id);
        self.peers.speakers.retain(|key, _| known(&key.domain));
        self.peers.discovery.retain(|(id, host), _| {
            let domain = domains.get(id);
            domain.is_some_and(|domain| domain.destinations.contains(host))
        });
        self.peers.replies.retain(|id, _| known(id));
        let routers = &self.routers;
        let differences = &mut self.peers.differences;
        differences.retain(|(id, _), _| routers.get(id).is_some());
        self.peers.tick = match domains.is_empty() {
            true => None,
            false => Some(self.peers.tick.unwrap_or(now)),
        };
        self.peers.domains = domains;
    }

    /// Whose message it is, after its key.
    pub(super) fn domain_of(
        &mut self,
        now: Instant,
        packet: &PeerPacket<'_>,
        message: &Message<'_>,
    ) -> Result<DomainId, PeerDrop> {
        let here = |id: &DomainId| {
            id.interface == packet.interface && Family::of(id.source) == Family::of(packet.source)
        };
        let concerns = |domain: &Domain| {
            let mut entries = message.entries();
            entries.any(|entry| domain.routers.contains_key(&entry.vrid))
        };
        let mut found: Option<(DomainId, &Domain, &Key)> = None;
        let mut place = Err(PeerDrop::Place);
        let mut stranger: Option<RouterId> = None;
        for (id, domain) in self.peers.domains.iter().filter(|(id, _)| here(id)) {
            if let Err(cause) = domain.believes(packet.source, packet.ttl) {
                place = Err(cause);
                continue;
            }
            let key = domain
                .accepts
                .iter()
                .find(|key| key.hint() == message.header.hint);
            match key {
                Some(key) if found.is_none() || concerns(domain) => {
                    found = Some((*id, domain, key));
                }
                Some(_) => {}
                None => {
                    place = Err(PeerDrop::Key);
                    let mut entries = message.entries();
                    stranger = entries.find_map(|it| domain.routers.get(&it.vrid).copied());
                }
            }
        }
        if let Some((id, _, key)) = found {
            return match message.is_authentic(packet.source, key) {
                true => Ok(id),
                false => Err(PeerDrop::Mac),
            };
        }
        if let Some(router) = stranger {
            self.differs(now, router, packet.source, Difference::Authentication);
        }
        place.map(|()| DomainId {
            interface: packet.interface,
            source: packet.source,
            hint: message.header.hint,
        })
    }

    /// Something that must agree does not; said at once and then seldom.
    pub(super) fn differs(
        &mut self,
        now: Instant,
        router: RouterId,
        address: IpAddr,
        what: Difference,
    ) {
        let digest = self.peers.differences.entry((router, what)).or_default();
        if digest.note(now, REPORT_PERIOD.times(60)).is_some() {
            self.with_router(now, router, |router, fx| {
                router.report_peer(Event::PeerDiffers { address, what }, fx);
            });
        }
    }
}

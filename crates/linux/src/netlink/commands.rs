//! Adds and removes addresses, routes and rules, many in one system call.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;

use super::message::{self, Buffer};
use super::routing::RoutingRequest;
use super::socket::{Datagram, Socket};
use super::{AddressFlags, AddressProtocol, Scope};
use crate::sys::set_receive_buffer;
use crate::{Errno, Error, Interface, InterfaceName, Object};

/// Changes the kernel gets at once: past it batching gains nothing, and every one of them must find
/// room for its error in the receive buffer before we read the first.
pub const MAX_BATCH: usize = 512;
/// Bytes for those errors; the kernel doubles it and takes about 768 for each.
const RECEIVE_BUFFER: u32 = 512 * 1024;
/// What one error may take of the granted buffer at worst.
const BYTES_PER_ERROR: usize = 1024;
/// Datagrams read for one batch: an error each, with room for other processes' nonsense.
const DATAGRAMS_PER_BATCH: usize = 4 * MAX_BATCH;
/// The kernel answers before it returns from the call; this is for one that does not.
const ANSWER_TIMEOUT_MS: i32 = 1_000;

const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
pub(super) const NLM_F_REQUEST: u16 = 0x001;
pub(super) const NLM_F_ACK: u16 = 0x004;
const NLM_F_REPLACE: u16 = 0x100;
pub(super) const NLM_F_EXCL: u16 = 0x200;
pub(super) const NLM_F_CREATE: u16 = 0x400;
pub(super) const IFA_ADDRESS: u16 = 1;
pub(super) const IFA_LOCAL: u16 = 2;
pub(super) const IFA_LABEL: u16 = 3;
pub(super) const IFA_BROADCAST: u16 = 4;
pub(super) const IFA_CACHEINFO: u16 = 6;
pub(super) const IFA_FLAGS: u16 = 8;
pub(super) const IFA_PROTO: u16 = 11;
pub(super) const AF_INET: u8 = 2;
pub(super) const AF_INET6: u8 = 10;

/// What to do with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Add it; EEXIST when it is there.
    Add,
    /// Add it, or change flags and lifetimes of the one that is there.
    Replace,
    /// Remove exactly this address with this prefix length; EADDRNOTAVAIL when it is not there.
    Remove,
}

/// How long an address is used (ip-address(8)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Without end.
    Forever,
    /// So many seconds; preferred for 0 seconds means deprecated from the start.
    Seconds(u32),
}

impl Lifetime {
    fn seconds(self) -> u32 {
        match self {
            Self::Forever => u32::MAX,
            Self::Seconds(seconds) => seconds,
        }
    }
}

/// An address with what only its family has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostAddress {
    /// IPv4.
    V4 {
        /// The host's own address.
        address: Ipv4Addr,
        /// The other end of a point-to-point link; the prefix length is then its own.
        peer: Option<Ipv4Addr>,
        /// The broadcast address.
        broadcast: Option<Ipv4Addr>,
        /// The label, by custom the interface's name with ":" and more.
        label: Option<InterfaceName>,
    },
    /// IPv6.
    V6 {
        /// The host's own address.
        address: Ipv6Addr,
        /// The other end of a point-to-point link; the prefix length is then its own.
        peer: Option<Ipv6Addr>,
    },
}

impl HostAddress {
    /// The host's own address.
    pub fn address(&self) -> IpAddr {
        match self {
            Self::V4 { address, .. } => IpAddr::V4(*address),
            Self::V6 { address, .. } => IpAddr::V6(*address),
        }
    }
}

impl From<IpAddr> for HostAddress {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4 {
                address,
                peer: None,
                broadcast: None,
                label: None,
            },
            IpAddr::V6(address) => Self::V6 {
                address,
                peer: None,
            },
        }
    }
}

/// One change to the addresses of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressChange {
    /// What to do.
    pub action: Action,
    /// Where.
    pub interface: Interface,
    /// The address.
    pub host: HostAddress,
    /// Prefix length in bits.
    pub prefix: u8,
    /// How far it is valid.
    pub scope: Scope,
    /// Flags to set: [`AddressFlags::NO_DAD`] and others that the kernel lets be set.
    pub flags: AddressFlags,
    /// How long it may be the source of new connections.
    pub preferred: Lifetime,
    /// How long it exists: the kernel removes it by itself.
    pub valid: Lifetime,
    /// Whose mark it gets; kernels before 5.18 ignore it.
    pub protocol: AddressProtocol,
}

impl AddressChange {
    /// A change with ip-address(8)'s defaults: scope global, no flags, no end, marked as keepalived's.
    pub fn new(action: Action, interface: Interface, address: IpAddr, prefix: u8) -> Self {
        Self {
            action,
            interface,
            host: address.into(),
            prefix,
            scope: Scope::GLOBAL,
            flags: AddressFlags::default(),
            preferred: Lifetime::Forever,
            valid: Lifetime::Forever,
            protocol: AddressProtocol::KEEPALIVED,
        }
    }

    /// With the other end of a point-to-point link; one of the other family is ignored.
    #[must_use]
    pub fn with_peer(mut self, other: Option<IpAddr>) -> Self {
        match (&mut self.host, other) {
            (HostAddress::V4 { peer, .. }, Some(IpAddr::V4(other))) => *peer = Some(other),
            (HostAddress::V6 { peer, .. }, Some(IpAddr::V6(other))) => *peer = Some(other),
            _ => {}
        }
        self
    }

    fn error(&self, errno: Errno) -> Error {
        let (operation, preposition) = match self.action {
            Action::Add => ("add", "to"),
            Action::Replace => ("replace", "on"),
            Action::Remove => ("remove", "from"),
        };
        let (address, prefix, interface) = (self.host.address(), self.prefix, self.interface);
        errno.at(
            operation,
            Object::Address {
                address,
                prefix,
                preposition,
                interface,
            },
        )
    }

    fn encode(&self, buffer: &mut Buffer, sequence: u32, acknowledge: bool) {
        let (kind, flags) = match self.action {
            Action::Add => (RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL),
            Action::Replace => (RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE),
            Action::Remove => (RTM_DELADDR, 0),
        };
        let flags = flags | NLM_F_REQUEST | if acknowledge { NLM_F_ACK } else { 0 };
        buffer.message(kind, flags, sequence, |message| {
            let family = match self.host {
                HostAddress::V4 { .. } => AF_INET,
                HostAddress::V6 { .. } => AF_INET6,
            };
            message.push(&[family, self.prefix, 0, self.scope.0]);
            message.push(&self.interface.index.to_ne_bytes());
            self.encode_host(message);
            if self.action != Action::Remove {
                self.encode_properties(message);
            }
        });
    }

    /// What a removal compares too.
    fn encode_host(&self, message: &mut Buffer) {
        match self.host {
            HostAddress::V4 {
                address,
                peer,
                label,
                ..
            } => {
                message.attribute(IFA_LOCAL, &address.octets());
                message.attribute(IFA_ADDRESS, &peer.unwrap_or(address).octets());
                if let Some(label) = label {
                    message.attribute(IFA_LABEL, label.with_zero());
                }
            }
            HostAddress::V6 { address, peer } => {
                message.attribute(IFA_LOCAL, &address.octets());
                message.attribute(IFA_ADDRESS, &peer.unwrap_or(address).octets());
            }
        }
    }

    fn encode_properties(&self, message: &mut Buffer) {
        if let HostAddress::V4 {
            broadcast: Some(broadcast),
            ..
        } = self.host
        {
            message.attribute(IFA_BROADCAST, &broadcast.octets());
        }
        message.attribute(IFA_FLAGS, &self.flags.0.to_ne_bytes());
        message.attribute(IFA_PROTO, &[self.protocol.0]);
        if self.preferred != Lifetime::Forever || self.valid != Lifetime::Forever {
            let mut lifetimes = [0; 16];
            lifetimes[..4].copy_from_slice(&self.preferred.seconds().to_ne_bytes());
            lifetimes[4..8].copy_from_slice(&self.valid.seconds().to_ne_bytes());
            message.attribute(IFA_CACHEINFO, &lifetimes);
        }
    }
}

/// One change of what the kernel holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// To an interface's addresses.
    Address(AddressChange),
    /// To routes and rules.
    Routing(RoutingRequest),
}

/// What a socket for changes sends.
trait Request {
    /// Appends the message; without an acknowledgement only its failure is answered.
    fn encode(&self, buffer: &mut Buffer, sequence: u32, acknowledge: bool);
    fn error(&self, errno: Errno) -> Error;
}

impl Request for AddressChange {
    fn encode(&self, buffer: &mut Buffer, sequence: u32, acknowledge: bool) {
        self.encode(buffer, sequence, acknowledge);
    }

    fn error(&self, errno: Errno) -> Error {
        self.error(errno)
    }
}

impl Request for RoutingRequest {
    fn encode(&self, buffer: &mut Buffer, sequence: u32, acknowledge: bool) {
        self.encode(buffer, sequence, acknowledge);
    }

    fn error(&self, errno: Errno) -> Error {
        self.error(errno)
    }
}

impl Request for Change {
    fn encode(&self, buffer: &mut Buffer, sequence: u32, acknowledge: bool) {
        match self {
            Self::Address(change) => change.encode(buffer, sequence, acknowledge),
            Self::Routing(request) => request.encode(buffer, sequence, acknowledge),
        }
    }

    fn error(&self, errno: Errno) -> Error {
        match self {
            Self::Address(change) => change.error(errno),
            Self::Routing(request) => request.error(errno),
        }
    }
}

/// A socket for changes.
pub struct Commands {
    socket: Socket,
    buffer: Buffer,
    batch: usize,
}

impl Commands {
    /// Opens the socket in the thread's network namespace.
    pub fn open() -> Result<Self, Error> {
        let open = || {
            let socket = Socket::open(&[])?;
            let granted = set_receive_buffer(socket.as_fd(), RECEIVE_BUFFER)?;
            Ok(Self {
                socket,
                buffer: Buffer::default(),
                batch: batch_for(granted),
            })
        };
        open().map_err(|errno: Errno| errno.at("open", "netlink command socket"))
    }

    /// Changes the buffer for answers, in bytes; it is never smaller than it is without being asked for.
    pub fn set_receive_buffer(&mut self, bytes: u32) -> Result<(), Error> {
        let granted = set_receive_buffer(self.socket.as_fd(), bytes.max(RECEIVE_BUFFER))
            .map_err(|errno| errno.at("size the buffer of", "netlink command socket"))?;
        self.batch = batch_for(granted);
        Ok(())
    }

    /// Carries the changes out in order and gives each its result, in the same order; one failing does
    /// not keep others from being tried. Blocks while the kernel works: 1,000 IPv4 addresses take some
    /// 20 ms, as many IPv6 ones
    /// ten times that or more, so give it what one turn of the loop can spare.
    pub fn apply(&mut self, changes: &[AddressChange], results: &mut Vec<Result<(), Error>>) {
        self.apply_all(changes, results);
    }

    /// As [`Commands::apply`], for addresses, routes and rules together.
    pub fn apply_changes(&mut self, changes: &[Change], results: &mut Vec<Result<(), Error>>) {
        self.apply_all(changes, results);
    }

    /// As [`Commands::apply`], for routes and rules.
    pub fn apply_routing(
        &mut self,
        requests: &[RoutingRequest],
        results: &mut Vec<Result<(), Error>>,
    ) {
        self.apply_all(requests, results);
    }

    fn apply_all<R: Request>(&mut self, changes: &[R], results: &mut Vec<Result<(), Error>>) {
        results.clear();
        for batch in changes.chunks(self.batch) {
            let start = results.len();
            results.resize(start + batch.len(), Ok(()));
            let outcome = self.apply_batch(batch, results.get_mut(start..).unwrap_or_default());
            if let Err(errno) = outcome {
                // Without its answer no change of the batch is known to be done.
                let unknown = results
                    .iter_mut()
                    .skip(start)
                    .zip(batch)
                    .filter(|(result, _)| result.is_ok());
                unknown.for_each(|(result, change)| *result = Err(change.error(errno)));
            }
        }
    }

    /// Only failures and the last change are answered: the kernel takes messages in order, so with the
    /// last answer the silent ones are known to be done.
    fn apply_batch<R: Request>(
        &mut self,
        batch: &[R],
        results: &mut [Result<(), Error>],
    ) -> Result<(), Errno> {
        self.buffer.clear();
        let mut sequence = 0;
        for (position, change) in batch.iter().enumerate() {
            sequence = self.socket.next_sequence();
            change.encode(&mut self.buffer, sequence, position + 1 == batch.len());
        }
        self.socket.send(self.buffer.bytes())?;
        for _ in 0..DATAGRAMS_PER_BATCH {
            if !self.socket.wait(ANSWER_TIMEOUT_MS)? {
                return Err(Errno(libc::ETIMEDOUT));
            }
            match self.socket.receive()? {
                Datagram::Messages(bytes) => {
                    if note_answers(bytes, sequence, batch, results) {
                        return Ok(());
                    }
                }
                Datagram::Foreign | Datagram::None => {}
                Datagram::Lost => return Err(Errno(libc::ENOBUFS)),
            }
        }
        Err(Errno(libc::ETIMEDOUT))
    }
}

/// Enters the failures into the results; true when the answer to the last change is among them.
fn note_answers<R: Request>(
    bytes: &[u8],
    last: u32,
    batch: &[R],
    results: &mut [Result<(), Error>],
) -> bool {
    let mut complete = false;
    for answer in message::messages(bytes).filter(|answer| answer.kind == message::ERROR) {
        let from_end = usize::try_from(last.wrapping_sub(answer.sequence)).unwrap_or(usize::MAX);
        // A late answer to an earlier batch that timed out is older than this one's first change.
        let Some(position) = batch
            .len()
            .checked_sub(1)
            .and_then(|end| end.checked_sub(from_end))
        else {
            continue;
        };
        let errno = message::error_number(answer.payload);
        if let (Some(result), Some(change)) = (results.get_mut(position), batch.get(position))
            && errno != 0
        {
            *result = Err(change.error(Errno(errno)));
        }
        complete |= answer.sequence == last;
    }
    complete
}

/// How many changes go together: every answer must have room.
fn batch_for(granted: u32) -> usize {
    let errors = usize::try_from(granted).unwrap_or(0) / BYTES_PER_ERROR;
    errors.clamp(1, MAX_BATCH)
}

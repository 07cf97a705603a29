//! Messages of the peer channel: what Standfast nodes tell each other beside VRRP (docs/peer-channel.md).
//!
//! ```text
//!  magic "SFpc" | version | kind | flags | entries | hint (4)                  12
//!  sender (8) | destination (8)                                               28
//!  sent µs (8) | echo µs (8) | held µs (4)                                    48
//!  watch ms (2) | name length | 0 | name                                      52 + name
//!  entries, 28 bytes each
//!  HMAC-SHA256, first 16 bytes
//! ```
//!
//! Numbers are in network byte order. The HMAC covers a label, the sender's IP address and everything before it.

use core::fmt;
use core::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::BufferTooSmall;
use crate::reader::{Writer, array, byte, word};
use crate::vrrp::{Priority, Vrid};

/// UDP port, unless another one is configured.
pub const PORT: u16 = 9112;
/// Version of the messages.
pub const VERSION: u8 = 1;
/// Bytes of the longest name of a node.
pub const MAX_NAME_LENGTH: usize = 64;
/// Entries of one message at most.
pub const MAX_ENTRIES: usize = 38;
/// Bytes of an entry.
pub const ENTRY_LENGTH: usize = 28;
/// Bytes before the name.
pub const HEADER_LENGTH: usize = 52;
/// Bytes of the HMAC at the end.
pub const MAC_LENGTH: usize = 16;
/// Bytes of the longest message; it is never fragmented.
pub const MAX_LENGTH: usize =
    HEADER_LENGTH + MAX_NAME_LENGTH + MAX_ENTRIES * ENTRY_LENGTH + MAC_LENGTH;
/// The first bytes of every message.
pub const MAGIC: [u8; 4] = *b"SFpc";
/// What the HMAC begins with, so that no other use of a key makes the same one.
const LABEL: &[u8] = b"standfast peer channel 1";
const HINT_LABEL: &[u8] = b"standfast peer channel 1 hint";
const ANSWER: u8 = 1;
const LATE: u8 = 2;

/// A node, until it is started again: a random number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeNumber(pub u64);

/// Names a key without showing it: nodes with different hints cannot read each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hint(pub u32);

/// What messages are made authentic with. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    digest: Zeroizing<[u8; 32]>,
    hint: Hint,
}

impl Key {
    /// From a kind of authentication and its secret; without authentication both are empty, and the HMAC is only a
    /// checksum.
    pub fn new(kind: &[u8], secret: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(LABEL);
        hash.update(kind);
        hash.update([0]);
        hash.update(secret);
        let digest: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());
        let hint = match Hmac::<Sha256>::new_from_slice(&*digest) {
            Ok(mut mac) => {
                mac.update(HINT_LABEL);
                array(&mac.finalize().into_bytes(), 0).map_or(0, u32::from_be_bytes)
            }
            Err(_) => 0,
        };
        Key {
            digest,
            hint: Hint(hint),
        }
    }

    /// Its public name.
    pub const fn hint(&self) -> Hint {
        self.hint
    }

    fn mac(&self, source: IpAddr, message: &[u8]) -> Option<Hmac<Sha256>> {
        let source = match source {
            IpAddr::V4(source) => source.to_ipv6_mapped(),
            IpAddr::V6(source) => source,
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.digest).ok()?;
        mac.update(LABEL);
        mac.update(&source.octets());
        mac.update(message);
        Some(mac)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:08x}, ********)", self.hint.0)
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Who I am, and what I know of these virtual routers.
    Hello,
    /// I have let go of these virtual routers, or am about to.
    Leaving,
    /// Take these virtual routers from me.
    Take,
    /// I have taken, or why not.
    Taken,
    /// I am alive.
    Alive,
}

impl Kind {
    /// Its number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Kind::Hello => 1,
            Kind::Leaving => 2,
            Kind::Take => 3,
            Kind::Taken => 4,
            Kind::Alive => 5,
        }
    }

    const fn of(number: u8) -> Option<Self> {
        Some(match number {
            1 => Kind::Hello,
            2 => Kind::Leaving,
            3 => Kind::Take,
            4 => Kind::Taken,
            5 => Kind::Alive,
            _ => return None,
        })
    }
}

/// State of a virtual router as a peer is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Not started.
    Initialize,
    /// Listens.
    Backup,
    /// Holds the addresses.
    Active,
    /// Cannot take part.
    Fault,
    /// Lets go as soon as a successor is there.
    Leaving,
    /// Not there any more.
    Gone,
}

impl State {
    const fn number(self) -> u8 {
        match self {
            State::Initialize => 0,
            State::Backup => 1,
            State::Active => 2,
            State::Fault => 3,
            State::Leaving => 4,
            State::Gone => 5,
        }
    }

    const fn of(number: u8) -> Option<Self> {
        Some(match number {
            0 => State::Initialize,
            1 => State::Backup,
            2 => State::Active,
            3 => State::Fault,
            4 => State::Leaving,
            5 => State::Gone,
            _ => return None,
        })
    }
}

/// The answer to [`Kind::Take`], for one virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// No answer: every other kind of message.
    None,
    /// It is Active now.
    Taken,
    /// It is not Backup, or has something that keeps it from serving.
    NotReady,
    /// Its addresses or its version are others.
    Differs,
    /// It follows somebody else.
    NotFollowed,
    /// Not every member of its sync group can be taken.
    Group,
    /// The request is too old, or not for it.
    Stale,
}

impl Answer {
    const fn number(self) -> u8 {
        match self {
            Answer::None => 0,
            Answer::Taken => 1,
            Answer::NotReady => 2,
            Answer::Differs => 3,
            Answer::NotFollowed => 4,
            Answer::Group => 5,
            Answer::Stale => 6,
        }
    }

    const fn of(number: u8) -> Option<Self> {
        Some(match number {
            0 => Answer::None,
            1 => Answer::Taken,
            2 => Answer::NotReady,
            3 => Answer::Differs,
            4 => Answer::NotFollowed,
            5 => Answer::Group,
            6 => Answer::Stale,
            _ => return None,
        })
    }
}

/// One virtual router in a message; its family is that of the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Virtual router identifier.
    pub vrid: Vrid,
    /// Protocol version, 2 or 3.
    pub version: u8,
    /// Its state.
    pub state: State,
    /// Could be Active at once, or is.
    pub ready: bool,
    /// Takes over from a router with a lower priority by itself.
    pub preempts: bool,
    /// An operator has drained the node: it gives up what it can, and takes nothing back.
    pub drained: bool,
    /// The answer to a request.
    pub answer: Answer,
    /// Effective priority.
    pub priority: Priority,
    /// Base priority.
    pub base: Priority,
    /// Time between advertisements in centiseconds.
    pub interval: u16,
    /// Digest of the advertised addresses, in any order.
    pub addresses: u64,
    /// Counts how often it became Active.
    pub term: u32,
    /// Seconds in its state.
    pub since_s: u32,
}

const READY: u8 = 1;
const PREEMPTS: u8 = 2;
const DRAINED: u8 = 4;

impl Entry {
    fn emit(&self, writer: &mut Writer<'_>) {
        let ready = if self.ready { READY } else { 0 };
        let preempts = if self.preempts { PREEMPTS } else { 0 };
        let drained = if self.drained { DRAINED } else { 0 };
        writer
            .put(&[self.vrid.get(), self.version, self.state.number()])
            .put(&[ready | preempts | drained])
            .put(&[self.answer.number(), self.priority.0, self.base.0, 0])
            .put(&self.interval.to_be_bytes())
            .put(&[0, 0])
            .put(&self.addresses.to_be_bytes())
            .put(&self.term.to_be_bytes())
            .put(&self.since_s.to_be_bytes());
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let flags = byte(bytes, 3)?;
        Some(Entry {
            vrid: Vrid::new(byte(bytes, 0)?)?,
            version: byte(bytes, 1)?,
            state: State::of(byte(bytes, 2)?)?,
            ready: flags & READY != 0,
            preempts: flags & PREEMPTS != 0,
            // A node that does not know the bit sends 0; bits that we do not know mean nothing.
            drained: flags & DRAINED != 0,
            answer: Answer::of(byte(bytes, 4)?)?,
            priority: Priority(byte(bytes, 5)?),
            base: Priority(byte(bytes, 6)?),
            interval: word(bytes, 8)?,
            addresses: u64::from_be_bytes(array(bytes, 12)?),
            term: u32::from_be_bytes(array(bytes, 20)?),
            since_s: u32::from_be_bytes(array(bytes, 24)?),
        })
    }
}

/// Everything of a message but its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// What it is.
    pub kind: Kind,
    /// The receiver should say who it is.
    pub answer: bool,
    /// The sender has been late itself: its silence before this means nothing.
    pub late: bool,
    /// The key that it is made with.
    pub hint: Hint,
    /// Who sent it.
    pub sender: NodeNumber,
    /// Whom it is for; `None`: whoever hears it.
    pub destination: Option<NodeNumber>,
    /// The sender's clock in microseconds; rises with each message.
    pub sent: u64,
    /// `sent` of the last message that came from the destination; 0: none.
    pub echo: u64,
    /// Microseconds since that came.
    pub held_us: u32,
    /// The sender wants to hear something this often; 0: it does not.
    pub watch_ms: u16,
    /// The sender's name, for people; not longer than [`MAX_NAME_LENGTH`].
    pub name: &'a str,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerError {
    /// Not of the peer channel.
    Magic,
    /// Of a version that we do not speak.
    Version(u8),
    /// A kind that is unknown.
    Kind(u8),
    /// Shorter or longer than it says.
    Length(usize),
    /// A field has a value that it cannot have.
    Field,
    /// The HMAC is wrong.
    Mac,
}

/// A received message. Nothing in it is to be believed before [`Message::is_authentic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Everything but the entries.
    pub header: Header<'a>,
    entries: &'a [u8],
    covered: &'a [u8],
    mac: [u8; MAC_LENGTH],
}

impl<'a> Message<'a> {
    /// Takes any bytes whatever.
    ///
    /// # Errors
    ///
    /// When it is not a whole message of this version. Its HMAC is not looked at.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PeerError> {
        let length = PeerError::Length(bytes.len());
        if array(bytes, 0) != Some(MAGIC) {
            return Err(PeerError::Magic);
        }
        let version = byte(bytes, 4).ok_or(length)?;
        if version != VERSION {
            return Err(PeerError::Version(version));
        }
        let kind = byte(bytes, 5).ok_or(length)?;
        let kind = Kind::of(kind).ok_or(PeerError::Kind(kind))?;
        let count = usize::from(byte(bytes, 7).ok_or(length)?);
        let name_length = usize::from(byte(bytes, 50).ok_or(length)?);
        if count > MAX_ENTRIES || name_length > MAX_NAME_LENGTH {
            return Err(PeerError::Field);
        }
        let start = HEADER_LENGTH + name_length;
        let end = start + count * ENTRY_LENGTH;
        if bytes.len() != end + MAC_LENGTH {
            return Err(length);
        }
        let name = bytes.get(HEADER_LENGTH..start).ok_or(length)?;
        let name = core::str::from_utf8(name).map_err(|_| PeerError::Field)?;
        let header = Header::parse(bytes, kind, name).ok_or(length)?;
        let entries = bytes.get(start..end).ok_or(length)?;
        if !entries
            .chunks(ENTRY_LENGTH)
            .all(|it| Entry::parse(it).is_some())
        {
            return Err(PeerError::Field);
        }
        Ok(Message {
            header,
            entries,
            covered: bytes.get(..end).ok_or(length)?,
            mac: array(bytes, end).ok_or(length)?,
        })
    }

    /// Whether `source` sent it and knows the key. The comparison takes the same time for every wrong value.
    pub fn is_authentic(&self, source: IpAddr, key: &Key) -> bool {
        key.hint == self.header.hint
            && key
                .mac(source, self.covered)
                .is_some_and(|mac| mac.verify_truncated_left(&self.mac).is_ok())
    }

    /// The virtual routers that it is about.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<'a> {
        self.entries.chunks(ENTRY_LENGTH).filter_map(Entry::parse)
    }
}

impl<'a> Header<'a> {
    fn parse(bytes: &[u8], kind: Kind, name: &'a str) -> Option<Self> {
        let flags = byte(bytes, 6)?;
        let long = |at| array(bytes, at).map(u64::from_be_bytes);
        let destination = long(20)?;
        Some(Header {
            kind,
            answer: flags & ANSWER != 0,
            late: flags & LATE != 0,
            hint: Hint(u32::from_be_bytes(array(bytes, 8)?)),
            sender: NodeNumber(long(12)?),
            destination: (destination != 0).then_some(NodeNumber(destination)),
            sent: long(28)?,
            echo: long(36)?,
            held_us: u32::from_be_bytes(array(bytes, 44)?),
            watch_ms: word(bytes, 48)?,
            name,
        })
    }

    /// Writes a message about those virtual routers, at most [`MAX_ENTRIES`] of them; gives what was written.
    ///
    /// # Errors
    ///
    /// When the buffer is shorter than the message; one of [`MAX_LENGTH`] bytes never is.
    pub fn emit<'b>(
        &self,
        entries: &[Entry],
        source: IpAddr,
        key: &Key,
        buffer: &'b mut [u8],
    ) -> Result<&'b mut [u8], BufferTooSmall> {
        let entries = entries.get(..MAX_ENTRIES).unwrap_or(entries);
        let name = cut(self.name);
        let count = u8::try_from(entries.len()).unwrap_or(0);
        let name_length = u8::try_from(name.len()).unwrap_or(0);
        let answer = if self.answer { ANSWER } else { 0 };
        let late = if self.late { LATE } else { 0 };
        let mut writer = Writer::new(buffer);
        writer
            .put(&MAGIC)
            .put(&[VERSION, self.kind.number(), answer | late, count])
            .put(&key.hint.0.to_be_bytes())
            .put(&self.sender.0.to_be_bytes())
            .put(&self.destination.map_or(0, |it| it.0).to_be_bytes())
            .put(&self.sent.to_be_bytes())
            .put(&self.echo.to_be_bytes())
            .put(&self.held_us.to_be_bytes())
            .put(&self.watch_ms.to_be_bytes())
            .put(&[name_length, 0])
            .put(name.as_bytes());
        for entry in entries {
            entry.emit(&mut writer);
        }
        writer.put(&[0; MAC_LENGTH]);
        let whole = writer.finish()?;
        let end = whole.len().saturating_sub(MAC_LENGTH);
        let (message, place) = whole.split_at_mut(end);
        if let Some(mac) = key.mac(source, message) {
            let value = mac.finalize().into_bytes();
            for (byte, value) in place.iter_mut().zip(value) {
                *byte = value;
            }
        }
        Ok(whole)
    }
}

/// As much of a name as a message carries.
fn cut(name: &str) -> &str {
    let end = (0..=MAX_NAME_LENGTH.min(name.len())).rev();
    let end = end.into_iter().find(|end| name.is_char_boundary(*end));
    end.and_then(|end| name.get(..end)).unwrap_or_default()
}

/// The digest of a list of addresses, whatever their order.
pub fn digest_of(addresses: impl Iterator<Item = IpAddr> + Clone) -> u64 {
    // Sorted by asking for the least one above the last: no room is needed, and lists are short.
    let mut hash = Sha256::new();
    let mut last: Option<IpAddr> = None;
    loop {
        let above = addresses
            .clone()
            .filter(|address| last.is_none_or(|last| *address > last));
        let Some(next) = above.min() else {
            break;
        };
        match next {
            IpAddr::V4(address) => hash.update(address.octets()),
            IpAddr::V6(address) => hash.update(address.octets()),
        }
        last = Some(next);
    }
    array(&hash.finalize(), 0).map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    const SOURCE: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 1));

    fn header() -> Header<'static> {
        Header {
            kind: Kind::Take,
            answer: true,
            late: false,
            hint: key().hint(),
            sender: NodeNumber(0x0102_0304_0506_0708),
            destination: Some(NodeNumber(9)),
            sent: 77,
            echo: 66,
            held_us: 5,
            watch_ms: 50,
            name: "node-a",
        }
    }

    fn key() -> Key {
        Key::new(b"pass", b"secret")
    }

    fn entry(vrid: u8) -> Entry {
        Entry {
            vrid: Vrid::new(vrid).unwrap(),
            version: 2,
            state: State::Active,
            ready: true,
            preempts: false,
            drained: vrid == 255,
            answer: Answer::Taken,
            priority: Priority(100),
            base: Priority(101),
            interval: 100,
            addresses: 0x1122_3344_5566_7788,
            term: 3,
            since_s: 4,
        }
    }

    fn message<'b>(buffer: &'b mut [u8], entries: &[Entry]) -> &'b mut [u8] {
        header().emit(entries, SOURCE, &key(), buffer).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut buffer = [0; MAX_LENGTH];
        let entries = [entry(1), entry(255)];
        let bytes = message(&mut buffer, &entries);
        assert_eq!(bytes.len(), 52 + 6 + 2 * 28 + 16);
        let read = Message::parse(bytes).unwrap();
        assert_eq!(read.header, header());
        assert!(read.entries().eq(entries));
        assert!(read.is_authentic(SOURCE, &key()));
    }

    #[test]
    fn flags_of_later_nodes_mean_nothing() {
        let mut bytes = [0; ENTRY_LENGTH];
        entry(7).emit(&mut Writer::new(&mut bytes));
        assert_eq!(bytes[3], READY);
        bytes[3] = !DRAINED;
        let read = Entry::parse(&bytes).unwrap();
        assert!(read.ready && read.preempts && !read.drained);
        bytes[3] = DRAINED;
        let read = Entry::parse(&bytes).unwrap();
        assert!(!read.ready && !read.preempts && read.drained);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let mut buffer = [0; MAX_LENGTH];
        let bytes = message(&mut buffer, &[entry(7)]);
        for at in 0..bytes.len() {
            bytes[at] ^= 0x10;
            let believed = Message::parse(bytes).is_ok_and(|it| it.is_authentic(SOURCE, &key()));
            assert!(!believed, "byte {at}");
            bytes[at] ^= 0x10;
        }
        let other = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 2));
        let read = Message::parse(bytes).unwrap();
        assert!(!read.is_authentic(other, &key()));
        assert!(!read.is_authentic(SOURCE, &Key::new(b"pass", b"other")));
        assert!(!read.is_authentic(SOURCE, &Key::new(b"hmac", b"secret")));
    }

    #[test]
    fn no_part_of_a_message_is_one() {
        let mut buffer = [0; MAX_LENGTH];
        let bytes = message(&mut buffer, &[entry(7), entry(8)]);
        for end in 0..bytes.len() {
            assert!(Message::parse(&bytes[..end]).is_err(), "{end} bytes");
        }
        let length = bytes.len() + 1;
        assert_eq!(
            Message::parse(&buffer[..length]),
            Err(PeerError::Length(length))
        );
    }

    #[test]
    fn a_message_holds_so_many_entries_and_is_never_fragmented() {
        let entries: [Entry; 200] = core::array::from_fn(|at| entry(u8::try_from(at).unwrap() + 1));
        let long = Header {
            name: "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü",
            ..header()
        };
        let mut buffer = [0; MAX_LENGTH];
        let bytes = long.emit(&entries, SOURCE, &key(), &mut buffer).unwrap();
        let read = Message::parse(bytes).unwrap();
        assert_eq!(read.entries().count(), MAX_ENTRIES);
        assert_eq!(read.header.name.len(), MAX_NAME_LENGTH);
        const { assert!(MAX_LENGTH <= 1232) };
    }

    #[test]
    fn the_digest_of_addresses_knows_no_order() {
        let one = IpAddr::from([10, 0, 0, 1]);
        let other = IpAddr::from([10, 0, 0, 2]);
        let digest = |list: &[IpAddr]| digest_of(list.iter().copied());
        assert_eq!(digest(&[one, other]), digest(&[other, one]));
        assert_ne!(digest(&[one]), digest(&[one, other]));
        assert_ne!(digest(&[one]), digest(&[]));
    }
}

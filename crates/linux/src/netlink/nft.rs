//! nftables by netlink (linux/netfilter/nf_tables.h; nft(8)): tables, chains, sets and rules, changed in
//! transactions of which all or nothing happens.

use super::message::{self, Buffer};
use super::socket::{Datagram, Socket};
use crate::{Errno, Error};

/// Datagrams read for one transaction.
const DATAGRAMS_PER_ANSWER: usize = 1024;
/// The kernel answers before it returns from the call; this is for one that does not.
const ANSWER_TIMEOUT_MS: i32 = 1_000;

/// Of `nlmsg_flags` in `struct nlmsghdr`.
const FLAGS_OFFSET: usize = 6;
const NFNL_SUBSYS_NFTABLES: u16 = 10;
const NFNL_MSG_BATCH_BEGIN: u16 = 0x10;
const NFNL_MSG_BATCH_END: u16 = 0x11;
const NFT_MSG_NEWTABLE: u16 = 0;
const NFT_MSG_DELTABLE: u16 = 2;
const NFT_MSG_NEWCHAIN: u16 = 3;
const NFT_MSG_NEWRULE: u16 = 6;
const NFT_MSG_NEWSET: u16 = 9;
const NFT_MSG_NEWSETELEM: u16 = 12;
const NFT_MSG_DELSETELEM: u16 = 14;
const NLM_F_REQUEST: u16 = 0x001;
const NLM_F_ACK: u16 = 0x004;
const NLM_F_CREATE: u16 = 0x400;
const NLM_F_APPEND: u16 = 0x800;

/// The first attribute of each kind of message.
const NFTA_TABLE_NAME: u16 = 1;
const NFTA_CHAIN_TABLE: u16 = 1;
const NFTA_CHAIN_NAME: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_CHAIN_POLICY: u16 = 5;
const NFTA_CHAIN_TYPE: u16 = 7;
const NFTA_HOOK_HOOKNUM: u16 = 1;
const NFTA_HOOK_PRIORITY: u16 = 2;
const NFTA_SET_TABLE: u16 = 1;
const NFTA_SET_NAME: u16 = 2;
const NFTA_SET_FLAGS: u16 = 3;
const NFTA_SET_KEY_TYPE: u16 = 4;
const NFTA_SET_KEY_LEN: u16 = 5;
const NFTA_SET_DATA_TYPE: u16 = 6;
const NFTA_SET_DATA_LEN: u16 = 7;
const NFTA_SET_ID: u16 = 10;
const NFTA_SET_USERDATA: u16 = 13;
/// The first of nft(8)'s own notes on a set, for its keys; the next one is for its data.
const UDATA_SET_KEYBYTEORDER: u8 = 0;
const BYTEORDER_HOST_ENDIAN: u32 = 1;
const NFTA_SET_ELEM_LIST_TABLE: u16 = 1;
const NFTA_SET_ELEM_LIST_SET: u16 = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS: u16 = 3;
const NFTA_SET_ELEM_KEY: u16 = 1;
const NFTA_SET_ELEM_DATA: u16 = 2;
const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_CHAIN: u16 = 2;
const NFTA_RULE_EXPRESSIONS: u16 = 4;
const NFTA_LIST_ELEM: u16 = 1;
const NFTA_EXPR_NAME: u16 = 1;
const NFTA_EXPR_DATA: u16 = 2;
const NFTA_DATA_VALUE: u16 = 1;
const NFTA_DATA_VERDICT: u16 = 2;
const NFTA_VERDICT_CODE: u16 = 1;
const NFTA_VERDICT_CHAIN: u16 = 2;
const NFT_SET_CONSTANT: u32 = 0x2;
const NFT_SET_MAP: u32 = 0x8;
const NF_DROP: u32 = 0;
const NF_ACCEPT: u32 = 1;
/// `NFT_GOTO`, which is -4.
const NFT_GOTO: u32 = u32::MAX - 3;

/// The address family of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    Ip,
    /// IPv6.
    Ip6,
}

impl Family {
    const fn number(self) -> u8 {
        match self {
            Self::Ip => 2,
            Self::Ip6 => 10,
        }
    }
}

/// Where a chain sees packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Those for this host.
    Input,
    /// Those of this host.
    Output,
}

/// What a value is; nft(8) prints it by this number, which is its own and not the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataType {
    /// `ipv4_addr`, 4 bytes.
    Ipv4Address,
    /// `ipv6_addr`, 16 bytes.
    Ipv6Address,
    /// `iface_index`, 4 bytes in the host's order.
    InterfaceIndex,
    /// `icmpv6_type`, 1 byte.
    Icmpv6Type,
    /// `ipv6_addr . iface_index`, 20 bytes.
    Ipv6AddressAndInterfaceIndex,
}

impl DataType {
    /// Number and length in bytes.
    const fn code(self) -> (u32, u32) {
        match self {
            Self::Ipv4Address => (7, 4),
            Self::Ipv6Address => (8, 16),
            Self::InterfaceIndex => (20, 4),
            Self::Icmpv6Type => (29, 1),
            Self::Ipv6AddressAndInterfaceIndex => ((8 << 6) | 20, 20),
        }
    }
}

/// A set, or with data a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Set<'a> {
    /// Its name.
    pub name: &'a str,
    /// What its keys are.
    pub key: DataType,
    /// What it maps them to.
    pub data: Option<DataType>,
    /// Its elements do not change.
    pub constant: bool,
}

/// A register of the rule's machine: 16 bytes, the next one follows it in a set's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// The first.
    One,
    /// The second.
    Two,
}

impl Register {
    const fn number(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// What is known of a packet beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meta {
    /// Index of the interface that it came in on.
    InputIndex,
    /// Index of the interface that it leaves on.
    OutputIndex,
    /// Kind of that interface: 16 bytes, such as "macvlan".
    OutputKind,
    /// Protocol of the transport layer, 1 byte.
    TransportProtocol,
}

/// The header that an offset counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// IPv4 or IPv6.
    Network,
    /// What is inside.
    Transport,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It goes on.
    Accept,
    /// It is dropped.
    Drop,
    /// Another chain decides.
    Goto(&'a str),
}

/// One step of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expression<'a> {
    /// Loads what is known of the packet.
    Meta(Meta, Register),
    /// Loads bytes of the packet.
    Payload {
        /// From where.
        header: Header,
        /// So many bytes into it.
        offset: u32,
        /// How many.
        length: u32,
        /// To where.
        into: Register,
    },
    /// Keeps only these bits.
    Mask(Register, &'a [u8]),
    /// Goes on if equal.
    Equals(Register, &'a [u8]),
    /// Goes on if the set has the key that begins in the register.
    InSet(Register, &'a str),
    /// Replaces the register by what a map has for it; goes on if it has something.
    Map(Register, &'a str),
    /// Sends a copy to the address in the first register by the interface in the second.
    Duplicate(Register, Register),
    /// Counts.
    Counter,
    /// Ends the rule.
    Verdict(Verdict<'a>),
}

/// A transaction under construction.
#[derive(Debug, Default)]
pub struct Batch {
    buffer: Buffer,
    messages: u32,
    /// Where the flags of the last message are, and what they are.
    last_flags: (usize, u16),
    sets: u32,
    first: u32,
}

impl Batch {
    /// Makes a table if it is not there.
    pub fn add_table(&mut self, family: Family, table: &str) {
        self.message(NFT_MSG_NEWTABLE, NLM_F_CREATE, family, |message| {
            text(message, NFTA_TABLE_NAME, table);
        });
    }

    /// Removes a table with all that it has; ENOENT when there is none.
    pub fn delete_table(&mut self, family: Family, table: &str) {
        self.message(NFT_MSG_DELTABLE, 0, family, |message| {
            text(message, NFTA_TABLE_NAME, table);
        });
    }

    /// Adds a chain: of type filter and policy accept at a hook with a priority, or without them one that others go to.
    pub fn add_chain(
        &mut self,
        family: Family,
        table: &str,
        chain: &str,
        hook: Option<(Hook, i32)>,
    ) {
        self.message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, family, |message| {
            text(message, NFTA_CHAIN_TABLE, table);
            text(message, NFTA_CHAIN_NAME, chain);
            let Some((hook, priority)) = hook else {
                return;
            };
            message.nested(NFTA_CHAIN_HOOK, |at| {
                // NF_INET_LOCAL_IN and NF_INET_LOCAL_OUT.
                let hook = match hook {
                    Hook::Input => 1,
                    Hook::Output => 3,
                };
                number(at, NFTA_HOOK_HOOKNUM, hook);
                at.attribute(NFTA_HOOK_PRIORITY, &priority.to_be_bytes());
            });
            number(message, NFTA_CHAIN_POLICY, NF_ACCEPT);
            text(message, NFTA_CHAIN_TYPE, "filter");
        });
    }

    /// Adds a set.
    pub fn add_set(&mut self, family: Family, table: &str, set: &Set<'_>) {
        self.sets += 1;
        let id = self.sets;
        self.message(NFT_MSG_NEWSET, NLM_F_CREATE, family, |message| {
            text(message, NFTA_SET_TABLE, table);
            text(message, NFTA_SET_NAME, set.name);
            let map = set.data.map_or(0, |_| NFT_SET_MAP);
            let constant = if set.constant { NFT_SET_CONSTANT } else { 0 };
            number(message, NFTA_SET_FLAGS, map | constant);
            let (kind, length) = set.key.code();
            number(message, NFTA_SET_KEY_TYPE, kind);
            number(message, NFTA_SET_KEY_LEN, length);
            if let Some(data) = set.data {
                let (kind, length) = data.code();
                number(message, NFTA_SET_DATA_TYPE, kind);
                number(message, NFTA_SET_DATA_LEN, length);
            }
            number(message, NFTA_SET_ID, id);
            let mut notes = Vec::new();
            let orders = [Some(set.key), set.data];
            for (note, kind) in (UDATA_SET_KEYBYTEORDER..).zip(orders) {
                if kind == Some(DataType::InterfaceIndex) {
                    notes.extend([note, 4]);
                    notes.extend(BYTEORDER_HOST_ENDIAN.to_ne_bytes());
                }
            }
            if !notes.is_empty() {
                message.attribute(NFTA_SET_USERDATA, &notes);
            }
        });
    }

    /// Adds an element to a set, or with data to a map; one that is there already is no failure.
    pub fn add_element(
        &mut self,
        family: Family,
        (table, set): (&str, &str),
        key: &[u8],
        data: Option<&[u8]>,
    ) {
        self.message(NFT_MSG_NEWSETELEM, NLM_F_CREATE, family, |message| {
            element(message, (table, set), key, data);
        });
    }

    /// Removes an element from a set; ENOENT when it does not have it.
    pub fn delete_element(&mut self, family: Family, (table, set): (&str, &str), key: &[u8]) {
        self.message(NFT_MSG_DELSETELEM, 0, family, |message| {
            element(message, (table, set), key, None);
        });
    }

    /// Adds a rule at the end of a chain.
    pub fn add_rule(
        &mut self,
        family: Family,
        (table, chain): (&str, &str),
        expressions: &[Expression<'_>],
    ) {
        let flags = NLM_F_CREATE | NLM_F_APPEND;
        self.message(NFT_MSG_NEWRULE, flags, family, |message| {
            text(message, NFTA_RULE_TABLE, table);
            text(message, NFTA_RULE_CHAIN, chain);
            message.nested(NFTA_RULE_EXPRESSIONS, |list| {
                for step in expressions {
                    list.nested(NFTA_LIST_ELEM, |one| step.encode(one));
                }
            });
        });
    }

    /// Whether nothing would be done.
    pub fn is_empty(&self) -> bool {
        self.messages == 0
    }

    fn message(&mut self, kind: u16, flags: u16, family: Family, fill: impl FnOnce(&mut Buffer)) {
        if self.messages == 0 {
            self.envelope(NFNL_MSG_BATCH_BEGIN);
        }
        self.messages += 1;
        let kind = (NFNL_SUBSYS_NFTABLES << 8) | kind;
        let flags = NLM_F_REQUEST | flags;
        let sequence = self.first.wrapping_add(self.messages);
        self.last_flags = (self.buffer.bytes().len() + FLAGS_OFFSET, flags);
        self.buffer.message(kind, flags, sequence, |message| {
            message.push(&[family.number(), 0, 0, 0]);
            fill(message);
        });
    }

    /// Only failures and the last message are answered, or a long transaction would overflow the queue of answers.
    fn close(&mut self) {
        let (at, flags) = self.last_flags;
        self.buffer.patch(at, &(flags | NLM_F_ACK).to_ne_bytes());
        self.envelope(NFNL_MSG_BATCH_END);
    }

    /// The begin or the end of the transaction.
    fn envelope(&mut self, kind: u16) {
        self.buffer.message(kind, NLM_F_REQUEST, 0, |message| {
            let [high, low] = NFNL_SUBSYS_NFTABLES.to_be_bytes();
            message.push(&[0, 0, high, low]);
        });
    }
}

fn element(message: &mut Buffer, (table, set): (&str, &str), key: &[u8], data: Option<&[u8]>) {
    text(message, NFTA_SET_ELEM_LIST_TABLE, table);
    text(message, NFTA_SET_ELEM_LIST_SET, set);
    message.nested(NFTA_SET_ELEM_LIST_ELEMENTS, |list| {
        list.nested(NFTA_LIST_ELEM, |one| {
            one.nested(NFTA_SET_ELEM_KEY, |value| {
                value.attribute(NFTA_DATA_VALUE, key);
            });
            if let Some(data) = data {
                one.nested(NFTA_SET_ELEM_DATA, |value| {
                    value.attribute(NFTA_DATA_VALUE, data);
                });
            }
        });
    });
}

impl Expression<'_> {
    fn encode(&self, message: &mut Buffer) {
        let mut write = |name: &str, fill: &dyn Fn(&mut Buffer)| {
            text(message, NFTA_EXPR_NAME, name);
            message.nested(NFTA_EXPR_DATA, fill);
        };
        // The numbers are those of the expression's own attributes, NFTA_META_DREG and so on.
        match *self {
            Self::Meta(meta, into) => write("meta", &|data| {
                number(data, 1, into.number());
                number(data, 2, meta_key(meta));
            }),
            Self::Payload {
                header,
                offset,
                length,
                into,
            } => write("payload", &|data| {
                let base = match header {
                    Header::Network => 1,
                    Header::Transport => 2,
                };
                number(data, 1, into.number());
                number(data, 2, base);
                number(data, 3, offset);
                number(data, 4, length);
            }),
            Self::Mask(register, mask) => write("bitwise", &|data| {
                number(data, 1, register.number());
                number(data, 2, register.number());
                number(data, 3, u32::try_from(mask.len()).unwrap_or(0));
                data.nested(4, |value| value.attribute(NFTA_DATA_VALUE, mask));
                let zeros = vec![0; mask.len()];
                data.nested(5, |value| value.attribute(NFTA_DATA_VALUE, &zeros));
            }),
            Self::Equals(register, value) => write("cmp", &|data| {
                number(data, 1, register.number());
                number(data, 2, 0);
                data.nested(3, |data| data.attribute(NFTA_DATA_VALUE, value));
            }),
            Self::InSet(register, set) => write("lookup", &|data| {
                text(data, 1, set);
                number(data, 2, register.number());
            }),
            Self::Map(register, map) => write("lookup", &|data| {
                text(data, 1, map);
                number(data, 2, register.number());
                number(data, 3, register.number());
            }),
            Self::Duplicate(address, device) => write("dup", &|data| {
                number(data, 1, address.number());
                number(data, 2, device.number());
            }),
            Self::Counter => write("counter", &|_| {}),
            Self::Verdict(verdict) => write("immediate", &|data| {
                // Register 0 is the verdict.
                number(data, 1, 0);
                data.nested(2, |value| encode_verdict(value, verdict));
            }),
        }
    }
}

/// `NFT_META_*`.
const fn meta_key(meta: Meta) -> u32 {
    match meta {
        Meta::InputIndex => 4,
        Meta::OutputIndex => 5,
        Meta::TransportProtocol => 16,
        Meta::OutputKind => 27,
    }
}

fn encode_verdict(value: &mut Buffer, verdict: Verdict<'_>) {
    value.nested(NFTA_DATA_VERDICT, |inner| match verdict {
        Verdict::Accept => number(inner, NFTA_VERDICT_CODE, NF_ACCEPT),
        Verdict::Drop => number(inner, NFTA_VERDICT_CODE, NF_DROP),
        Verdict::Goto(chain) => {
            number(inner, NFTA_VERDICT_CODE, NFT_GOTO);
            text(inner, NFTA_VERDICT_CHAIN, chain);
        }
    });
}

fn number(message: &mut Buffer, kind: u16, value: u32) {
    message.attribute(kind, &value.to_be_bytes());
}

fn text(message: &mut Buffer, kind: u16, value: &str) {
    let mut bytes = value.as_bytes().to_vec();
    bytes.push(0);
    message.attribute(kind, &bytes);
}

/// A socket for transactions.
#[derive(Debug)]
pub struct Nft {
    socket: Socket,
    sequence: u32,
}

impl Nft {
    /// Opens the socket in the thread's network namespace; EPROTONOSUPPORT in a kernel without netfilter.
    pub fn open() -> Result<Self, Error> {
        let socket = Socket::open_family(libc::NETLINK_NETFILTER, &[])
            .map_err(|errno: Errno| errno.at("open", "nftables socket"))?;
        Ok(Self {
            socket,
            sequence: 0,
        })
    }

    /// An empty transaction.
    pub fn batch(&self) -> Batch {
        Batch {
            first: self.sequence,
            ..Batch::default()
        }
    }

    /// Carries out all of it or, if anything fails, nothing; the error is the first one's.
    pub fn commit(&mut self, mut batch: Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        batch.close();
        self.sequence = batch.first.wrapping_add(batch.messages);
        self.exchange(&batch)
            .map_err(|errno| errno.at("change", "nftables"))
    }

    fn exchange(&mut self, batch: &Batch) -> Result<(), Errno> {
        self.socket.send(batch.buffer.bytes())?;
        let last = self.sequence;
        for _ in 0..DATAGRAMS_PER_ANSWER {
            if !self.socket.wait(ANSWER_TIMEOUT_MS)? {
                return Err(Errno(libc::ETIMEDOUT));
            }
            let bytes = match self.socket.receive()? {
                Datagram::Messages(bytes) => bytes,
                Datagram::Foreign | Datagram::None => continue,
                Datagram::Lost => return Err(Errno(libc::ENOBUFS)),
            };
            let answers = message::messages(bytes).filter(|answer| answer.kind == message::ERROR);
            for answer in answers {
                let errno = message::error_number(answer.payload);
                // The begin of a transaction, numbered 0, fails for want of privilege.
                let ours = answer.sequence == 0
                    || answer.sequence.wrapping_sub(batch.first).wrapping_sub(1) < batch.messages;
                if ours && errno != 0 {
                    return Err(Errno(errno));
                }
                if answer.sequence == last {
                    return Ok(());
                }
            }
        }
        Err(Errno(libc::ETIMEDOUT))
    }
}

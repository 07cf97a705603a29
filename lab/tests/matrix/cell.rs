//! A cell of the matrix: one kind of virtual router between one pair of daemons.

use std::net::IpAddr;

/// Priorities of the two nodes: the first one is to be master.
pub const PRIORITIES: [u8; 2] = [150, 100];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V2,
    V3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

/// What the checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// What version and family say.
    Only,
    /// Version 3 over IPv4, with a pseudo header (RFC 9568 section 5.2.8).
    Pseudo,
    /// Version 3 over IPv4, without: `v3_checksum_as_v2`.
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    None,
    Pass,
    Ah,
    Hmac,
}

/// Who runs on the node that is to be master, and on the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peers {
    StandfastStandfast,
    StandfastKeepalived,
    KeepalivedStandfast,
    StandfastFrr,
    FrrStandfast,
}

impl Peers {
    pub const ALL: [Self; 5] = [
        Self::StandfastStandfast,
        Self::StandfastKeepalived,
        Self::KeepalivedStandfast,
        Self::StandfastFrr,
        Self::FrrStandfast,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::StandfastStandfast => "Standfast, Standfast",
            Self::StandfastKeepalived => "Standfast, keepalived",
            Self::KeepalivedStandfast => "keepalived, Standfast",
            Self::StandfastFrr => "Standfast, FRR",
            Self::FrrStandfast => "FRR, Standfast",
        }
    }

    /// Which node FRR runs on.
    pub const fn frr(self) -> Option<usize> {
        match self {
            Self::StandfastFrr => Some(1),
            Self::FrrStandfast => Some(0),
            Self::StandfastStandfast | Self::StandfastKeepalived | Self::KeepalivedStandfast => {
                None
            }
        }
    }

    const fn has_keepalived(self) -> bool {
        matches!(self, Self::StandfastKeepalived | Self::KeepalivedStandfast)
    }
}

/// What happens to the pair, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Both start: the higher priority is master.
    Election,
    /// The master's process is told to end.
    Stop,
    /// It is started again.
    Start,
    /// The master's cable is pulled.
    Pull,
    /// And plugged in.
    Plug,
}

impl Stage {
    pub const ALL: [Self; 5] = [
        Self::Election,
        Self::Stop,
        Self::Start,
        Self::Pull,
        Self::Plug,
    ];

    /// The node that serves after it.
    pub const fn server(self) -> usize {
        match self {
            Self::Election | Self::Start | Self::Plug => 0,
            Self::Stop | Self::Pull => 1,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not done with this pair.
    NotRun,
    Good,
    Bad,
}

#[derive(Clone, Debug)]
pub struct Cell {
    pub peers: Peers,
    pub version: Version,
    pub family: Family,
    pub unicast: bool,
    pub checksum: Checksum,
    pub authentication: Authentication,
    /// In its lab.
    pub vrid: u8,
    /// In the order of [`Stage::ALL`].
    pub outcomes: [Outcome; 5],
}

/// The whole matrix.
pub fn all_cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for version in [Version::V2, Version::V3] {
        for family in [Family::V4, Family::V6] {
            for unicast in [false, true] {
                for (checksum, authentication) in forms(version, family) {
                    cells.extend(Peers::ALL.map(|peers| Cell {
                        peers,
                        version,
                        family,
                        unicast,
                        checksum,
                        authentication,
                        vrid: 0,
                        outcomes: [Outcome::NotRun; 5],
                    }));
                }
            }
        }
    }
    cells
}

fn forms(version: Version, family: Family) -> Vec<(Checksum, Authentication)> {
    use Authentication::{Ah, Hmac, None, Pass};
    let checksums: &[Checksum] = match (version, family) {
        (Version::V3, Family::V4) => &[Checksum::Pseudo, Checksum::Plain],
        _ => &[Checksum::Only],
    };
    let authentications: &[Authentication] = match version {
        Version::V2 => &[None, Pass, Ah, Hmac],
        Version::V3 => &[None, Hmac],
    };
    let with = |checksum: &Checksum| {
        let checksum = *checksum;
        authentications.iter().map(move |one| (checksum, *one))
    };
    checksums.iter().flat_map(with).collect()
}

impl Cell {
    pub fn is(&self, other: &Self) -> bool {
        let key = |cell: &Self| {
            (
                cell.peers,
                cell.version,
                cell.family,
                cell.unicast,
                cell.checksum,
                cell.authentication,
            )
        };
        key(self) == key(other)
    }

    pub fn is_good(&self) -> bool {
        let all = self.outcomes.iter();
        self.outcomes[0] == Outcome::Good && all.clone().all(|outcome| *outcome != Outcome::Bad)
    }

    /// Why it cannot be, if it can't.
    pub fn unsupported(&self) -> Option<&'static str> {
        let frr = self.peers.frr().is_some();
        match (self.authentication, self.family) {
            (Authentication::Ah, Family::V6) => Some("AH is for IPv4 only"),
            (Authentication::Pass, Family::V6) => {
                Some("a password is for IPv4 only: keepalived 2.2.7 dies of one over IPv6")
            }
            (Authentication::Hmac, _) if frr || self.peers.has_keepalived() => {
                Some("auth_hmac is newer than keepalived 2.2.7, and unknown to FRR")
            }
            _ if frr && self.unicast => Some("FRR has no unicast"),
            (Authentication::Pass | Authentication::Ah, _) if frr => {
                Some("FRR has no authentication")
            }
            (_, Family::V6) if frr && self.version == Version::V2 => {
                Some("FRR has no IPv6 in version 2")
            }
            _ if self.checksum == Checksum::Plain && self.peers.has_keepalived() => {
                Some("keepalived 2.2.7 has no v3_checksum_as_v2")
            }
            _ if self.checksum == Checksum::Plain && frr => {
                Some("FRR 8.4 always covers a pseudo header")
            }
            _ => None,
        }
    }

    /// Whether this stage can be: FRR's virtual MAC interfaces would go on answering without its process.
    pub fn has(&self, stage: Stage) -> bool {
        self.peers.frr() != Some(0) || !matches!(stage, Stage::Stop | Stage::Start)
    }

    /// The address that clients use.
    pub fn address(&self) -> IpAddr {
        match self.family {
            Family::V4 => IpAddr::from([192, 168, 1, 100 + self.vrid]),
            Family::V6 => {
                let vrid = u16::from(self.vrid);
                IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0xa, vrid])
            }
        }
    }

    /// What it is, in the words of the table.
    pub fn words(&self) -> [&'static str; 5] {
        [
            match self.version {
                Version::V2 => "2",
                Version::V3 => "3",
            },
            match self.family {
                Family::V4 => "IPv4",
                Family::V6 => "IPv6",
            },
            match self.unicast {
                false => "multicast",
                true => "unicast",
            },
            match self.checksum {
                Checksum::Only => "",
                Checksum::Pseudo => "pseudo header",
                Checksum::Plain => "without",
            },
            match self.authentication {
                Authentication::None => "none",
                Authentication::Pass => "PASS",
                Authentication::Ah => "AH",
                Authentication::Hmac => "hmac",
            },
        ]
    }

    pub fn name(&self) -> String {
        let words: Vec<&str> = self.words().into_iter().filter(|w| !w.is_empty()).collect();
        let bad = Stage::ALL.into_iter().zip(self.outcomes);
        let bad: Vec<Stage> = bad
            .filter(|(_, outcome)| *outcome == Outcome::Bad)
            .map(|(stage, _)| stage)
            .collect();
        format!(
            "version {} ({}; VRID {}): {bad:?}",
            words.join(" "),
            self.peers.name(),
            self.vrid
        )
    }

    /// Configuration of keepalived and Standfast on the node with that index.
    pub fn instance(&self, node: usize) -> String {
        let (version, interval) = match self.version {
            Version::V2 => (2, "1"),
            Version::V3 => (3, "0.2"),
        };
        let address = self.address();
        let addresses = match self.family {
            Family::V4 => format!("        {address}/24\n"),
            Family::V6 => format!("        fe80::a:{:x}\n        {address}/64\n", self.vrid),
        };
        format!(
            "vrrp_instance {} {{\n    state BACKUP\n    version {version}\n    interface eth0\n    \
             virtual_router_id {}\n    priority {}\n    advert_int {interval}\n{}{}{}    \
             virtual_ipaddress {{\n{addresses}    }}\n}}\n",
            self.instance_name(),
            self.vrid,
            PRIORITIES[node],
            self.unicast_lines(node),
            match self.checksum {
                Checksum::Plain => "    v3_checksum_as_v2\n",
                Checksum::Only | Checksum::Pseudo => "",
            },
            self.authentication_lines(),
        )
    }

    pub fn instance_name(&self) -> String {
        format!("CELL_{}", self.vrid)
    }

    fn unicast_lines(&self, node: usize) -> String {
        if !self.unicast {
            return String::new();
        }
        let [own, peer] = [node, 1 - node].map(|index| super::network::own(index, self.family));
        format!("    unicast_src_ip {own}\n    unicast_peer {{\n        {peer}\n    }}\n")
    }

    fn authentication_lines(&self) -> &'static str {
        match self.authentication {
            Authentication::None => "",
            Authentication::Pass => {
                "    authentication {\n        auth_type PASS\n        auth_pass secret\n    }\n"
            }
            Authentication::Ah => {
                "    authentication {\n        auth_type AH\n        auth_pass secret\n    }\n"
            }
            Authentication::Hmac => {
                "    auth_hmac {\n        key 1 0123456789abcdef0123456789abcdef\n        \
                 active_key 1\n        mode enforce\n    }\n"
            }
        }
    }
}

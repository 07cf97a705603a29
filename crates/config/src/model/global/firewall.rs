//! Rules of the packet filter that the daemon makes.

use crate::span::Spanned;

/// `vrrp_iptables`: chains that exist already.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Chains {
    /// For what arrives.
    pub input: String,
    /// For what leaves; `None` where only the first chain was named.
    pub output: Option<String>,
}

impl Default for Chains {
    fn default() -> Self {
        Self {
            input: "INPUT".to_owned(),
            output: Some("OUTPUT".to_owned()),
        }
    }
}

/// `vrrp_ipsets`: names of the sets that iptables rules refer to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Ipsets {
    /// IPv4 addresses.
    pub v4: String,
    /// IPv6 addresses.
    pub v6: String,
    /// IPv6 link-local addresses with their interfaces.
    pub v6_interface: String,
    /// Interfaces whose IGMP is held back.
    pub igmp: String,
    /// Interfaces whose MLD is held back.
    pub mld: String,
    /// Interfaces whose neighbour discovery is held back.
    pub nd: String,
}

impl Ipsets {
    /// The given names; what is missing is made from those before it.
    #[must_use]
    pub fn named(names: &[String]) -> Self {
        let own = |index: usize| names.get(index).cloned();
        let v4 = own(0).unwrap_or_else(|| "keepalived".to_owned());
        let v6 = own(1).unwrap_or_else(|| format!("{v4}6"));
        Self {
            v6_interface: own(2).unwrap_or_else(|| format!("{v4}_if6")),
            igmp: own(3).unwrap_or_else(|| format!("{v4}_igmp")),
            mld: own(4).unwrap_or_else(|| format!("{v4}_mld")),
            nd: own(5).unwrap_or_else(|| format!("{v4}_nd")),
            v4,
            v6,
        }
    }
}

/// Settings of the packet filter.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Firewall {
    /// `nftables`: asked for, with the table's name; unset, nftables is used where rules are needed.
    pub nftables: Option<Spanned<String>>,
    /// `nftables_priority` of the base chains.
    pub nftables_priority: i32,
    /// `nftables_ifindex`: link-local addresses go with the interface's number, not its name.
    pub nftables_ifindex: bool,
    /// `nftables_counters`: rules count what they match.
    pub nftables_counters: bool,
    /// `vrrp_iptables`: iptables in place of nftables.
    pub iptables: Option<Spanned<Chains>>,
    /// `vrrp_ipsets`; `None` where given without names, which switches sets off.
    pub ipsets: Option<Ipsets>,
    /// `nftables_ipvs`: the table that marks packets of virtual server groups.
    pub ipvs_table: Option<Spanned<String>>,
    /// `nftables_ipvs_priority` of its chains.
    pub ipvs_priority: i32,
    /// `nftables_ipvs_start_fwmark`: the first mark.
    pub ipvs_first_mark: u32,
}

impl Firewall {
    /// The table of `nftables` without a name.
    pub const NFTABLES_TABLE: &'static str = "keepalived";
    /// The table of `nftables_ipvs` without a name.
    pub const NFTABLES_IPVS_TABLE: &'static str = "keepalived_ipvs";
}

impl Default for Firewall {
    fn default() -> Self {
        Self {
            nftables: None,
            nftables_priority: -1,
            nftables_ifindex: false,
            nftables_counters: false,
            iptables: None,
            ipsets: Some(Ipsets::named(&[])),
            ipvs_table: None,
            ipvs_priority: -1,
            ipvs_first_mark: 1000,
        }
    }
}

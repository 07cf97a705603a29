//! Virtual addresses of an instance: one family, no address twice, no more than fit into a packet.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::model::{Family, VirtualAddress};
use crate::parse::{InstanceDraft, Parsed};

/// The count field of an advertisement has 8 bits (RFC 9568 §5.2.5).
const MAX_V4_ADDRESSES: usize = 255;
/// 16-byte addresses behind an IPv6 and a VRRP header in 1500 bytes.
const MAX_V6_ADDRESSES: usize = (1500 - 40 - 8) / 16;

/// The family of an instance: that of its first address, else of its peers or source.
pub(super) fn family(draft: &InstanceDraft) -> Family {
    let peers = draft
        .unicast_peers
        .iter()
        .flatten()
        .map(|peer| peer.address.value);
    let sources = [draft.unicast_src_ip, draft.mcast_src_ip, draft.mcast_dst_ip];
    draft
        .addresses
        .iter()
        .map(|vip| vip.network.address)
        .chain(peers)
        .chain(sources.into_iter().flatten().map(|source| source.value))
        .chain(draft.excluded.iter().map(|vip| vip.network.address))
        .next()
        .map_or(Family::V4, Family::of)
}

impl Parsed<'_> {
    /// The advertised and the excluded addresses.
    pub(super) fn resolve_addresses(
        &mut self,
        draft: &mut InstanceDraft,
        family: Family,
    ) -> (Vec<VirtualAddress>, Vec<VirtualAddress>) {
        let mut seen = BTreeSet::new();
        let mut advertised = Vec::new();
        for vip in std::mem::take(&mut draft.addresses) {
            if Family::of(vip.network.address) != family {
                let text =
                    "addresses in advertisements must all be of one family; this one is ignored";
                self.complain(Code::MixedFamilies, vip.span, text);
            } else if self.first_time(&mut seen, &vip) {
                advertised.push(vip);
            }
        }
        let mut excluded = Vec::new();
        for vip in std::mem::take(&mut draft.excluded) {
            if self.first_time(&mut seen, &vip) {
                excluded.push(vip);
            }
        }
        let most = match family {
            Family::V4 => MAX_V4_ADDRESSES,
            Family::V6 => MAX_V6_ADDRESSES,
        };
        if let Some(first) = advertised.get(most) {
            let text = format!(
                "an advertisement holds {most} addresses: {} and what follows is not advertised",
                first.network.address
            );
            self.warn(Code::TooManyAddresses, first.span, text);
            let mut rest = advertised.split_off(most);
            rest.append(&mut excluded);
            excluded = rest;
        }
        (advertised, excluded)
    }

    fn first_time(
        &mut self,
        seen: &mut BTreeSet<(std::net::IpAddr, Option<String>)>,
        vip: &VirtualAddress,
    ) -> bool {
        let first = seen.insert((vip.network.address, vip.device.clone()));
        if !first {
            let text = format!("{} is given twice; once is enough", vip.network.address);
            let diagnostic = crate::Diagnostic::warning(Code::DuplicateAddress, vip.span, text);
            self.reader.sink.push(diagnostic);
        }
        first
    }
}

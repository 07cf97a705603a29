//! What strict mode takes back (RFC 9568 knows none of it).

use std::net::IpAddr;

use crate::diagnostic::Code;
use crate::model::{GlobalDefs, HmacMode, VirtualAddress};
use crate::parse::{InstanceDraft, Parsed};
use crate::units::Micros;

impl Parsed<'_> {
    /// What strict mode resets, with a complaint for each setting.
    pub(super) fn strict_mode(
        &mut self,
        strict: bool,
        draft: &mut InstanceDraft,
        global: &GlobalDefs,
    ) {
        if strict {
            self.strict_conflicts(draft, global);
            self.strictly(draft);
        }
    }

    /// Reports each setting of the instance, or of the globals it follows, that strict mode resets.
    fn strict_conflicts(&mut self, draft: &InstanceDraft, global: &GlobalDefs) {
        let given = &draft.given;
        let name = draft.label().span;
        let adverts = draft
            .down_timer_adverts
            .unwrap_or(global.down_timer_adverts);
        let higher = draft
            .higher_prio_send_advert
            .unwrap_or(global.higher_prio_send_advert);
        let conflicts = [
            (adverts != 3, "down_timer_adverts", given.down_timer_adverts),
            (
                draft.garp.lower_prio_repeat.is_some_and(|count| count > 0),
                "garp_lower_prio_repeat",
                None,
            ),
            (
                draft
                    .garp
                    .lower_prio_delay
                    .is_some_and(|delay| delay > Micros::ZERO),
                "garp_lower_prio_delay",
                None,
            ),
            (
                draft.lower_prio_no_advert == Some(false),
                "lower_prio_no_advert off",
                None,
            ),
            (higher, "higher_prio_send_advert", None),
            (
                draft.vmac_xmit_base.is_some(),
                "vmac_xmit_base",
                draft.vmac_xmit_base,
            ),
        ];
        for (conflicts, keyword, place) in conflicts {
            if conflicts {
                let text = format!("`{keyword}` has no effect under strict mode");
                self.warn(Code::StrictConflict, place.unwrap_or(name), text);
            }
        }
    }

    /// What strict mode takes out of the instance: a virtual MAC of its own, and believing what is not signed.
    fn strictly(&mut self, draft: &mut InstanceDraft) {
        let name = draft.label().span;
        let mac = draft.vmac.as_mut().and_then(|vmac| vmac.mac.take());
        if mac.is_some() {
            let text = "the address of `use_vmac` has no effect under strict mode";
            self.warn(
                Code::StrictConflict,
                draft.given.use_vmac.unwrap_or(name),
                text,
            );
        }
        let Some(hmac) = draft.hmac.as_mut() else {
            return;
        };
        let place = hmac.span;
        if std::mem::take(&mut hmac.mode) != HmacMode::Enforce {
            let text = "under strict mode `auth_hmac` enforces: `mode` has no effect";
            self.warn(Code::StrictConflict, place, text);
        }
    }

    /// RFC 9568 §5.2.9: the first IPv6 address is the link-local one.
    pub(super) fn strict_first_address(&mut self, demanded: bool, addresses: &[VirtualAddress]) {
        let Some(first) = addresses.first().filter(|_| demanded) else {
            return;
        };
        let link_local = match first.network.address {
            IpAddr::V6(address) => address.is_unicast_link_local(),
            IpAddr::V4(_) => true,
        };
        if !link_local {
            let text = "under strict mode the first IPv6 address must be link-local";
            self.warn(Code::FirstNotLinkLocal, first.span, text);
        }
    }
}

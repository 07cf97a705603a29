//! What strict mode takes back (RFC 9568 knows none of it).

use crate::diagnostic::Code;
use crate::model::GlobalDefs;
use crate::parse::{InstanceDraft, Parsed};

impl Parsed<'_> {
    /// Reports each setting of the instance, or of the globals it follows, that strict mode resets.
    pub(super) fn strict_conflicts(&mut self, draft: &InstanceDraft, global: &GlobalDefs) {
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
}

//! Who this node says it is, and what is left of the sample configuration.

use super::Lints;
use crate::diagnostic::{Code, Diagnostic};

/// The `router_id` of keepalived's sample configuration.
const SAMPLE_ROUTER_ID: &str = "LVS_DEVEL";

impl Lints<'_> {
    pub(super) fn identity(&mut self) {
        self.sample_router_id();
    }

    fn sample_router_id(&mut self) {
        let Some(id) = &self.config.global.router_id else {
            return;
        };
        if id.value == SAMPLE_ROUTER_ID {
            let text = "`router_id` is still that of the sample configuration";
            let help =
                "it names this node in mails and SNMP: use the host's name, or remove the line";
            let found = Diagnostic::note(Code::SampleLeftover, id.span, text).help(help);
            self.say(found);
        }
    }
}

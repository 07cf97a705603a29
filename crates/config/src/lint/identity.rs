//! Who this node says it is, and what is left of the sample configuration.

use super::Lints;
use crate::diagnostic::{Code, Diagnostic};

/// The `router_id` of keepalived's sample configuration.
const SAMPLE_ROUTER_ID: &str = "LVS_DEVEL";

/// Where the sample's mails come from and go to.
const SAMPLE_DOMAIN: &str = "@firewall.loc";
/// The `smtp_server` of the sample.
const SAMPLE_SERVER: &str = "192.168.200.1";

impl Lints<'_> {
    pub(super) fn identity(&mut self) {
        self.sample_router_id();
        self.sample_mail();
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

    /// Mail settings that reach nobody.
    fn sample_mail(&mut self) {
        let mail = &self.config.global.mail;
        let recipient = mail
            .recipients
            .iter()
            .find(|to| to.value.ends_with(SAMPLE_DOMAIN));
        let from = mail
            .from
            .as_ref()
            .filter(|from| from.value.ends_with(SAMPLE_DOMAIN));
        let server = mail
            .server
            .as_ref()
            .filter(|server| server.value.host == SAMPLE_SERVER);
        let places = [
            recipient.map(|to| to.span),
            from.map(|from| from.span),
            server.map(|server| server.span),
        ];
        let mut places = places.into_iter().flatten();
        let Some(first) = places.next() else { return };
        let text = "the mail settings are still those of the sample configuration: nobody gets these mails";
        let mut found = Diagnostic::warning(Code::SampleLeftover, first, text).help(
            "set your own, or remove notification_email, notification_email_from and smtp_server",
        );
        for place in places {
            found = found.label(place, "here too");
        }
        self.say(found);
    }
}

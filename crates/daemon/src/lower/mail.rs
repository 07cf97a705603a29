//! Mail: who gets it, and about what.

use std::collections::BTreeSet;
use std::time::Duration;

use standfast_config::{self as config, Environment};

use super::Plan;
use crate::environment::HostEnvironment;
use crate::mail::{MailPlan, Mailbox};

impl Plan {
    pub(super) fn lower_mail(&mut self, config: &config::Config) {
        let mail = &config.global.mail;
        let (Some(server), false) = (&mail.server, mail.recipients.is_empty()) else {
            return;
        };
        let host = HostEnvironment::default().host_name();
        let host = host.unwrap_or_else(|| "localhost".into());
        let mut mailbox = |text: &str| {
            let parsed = Mailbox::parse(text, &host);
            if parsed.is_none() {
                self.complaints
                    .push(format!("\"{text}\" is no mail address and left out"));
            }
            parsed
        };
        let recipients = mail.recipients.iter();
        let to: Vec<Mailbox> = recipients.filter_map(|text| mailbox(&text.value)).collect();
        let from = mail.from.as_ref().and_then(|text| mailbox(&text.value));
        let root = Mailbox {
            name: None,
            address: format!("root@{host}"),
        };
        if to.is_empty() {
            return;
        }
        let named = |name: &config::Spanned<String>| name.value.clone();
        let (instances, groups) = (config.instances.iter(), config.sync_groups.iter());
        self.mail = Some(MailPlan {
            server: (server.value.host.clone(), server.value.port),
            helo_name: mail.helo_name.as_ref().map_or_else(|| host.clone(), named),
            timeout: Duration::from_micros(mail.timeout.get()),
            from: from.unwrap_or(root),
            to,
            router_id: config.global.router_id.as_ref().map_or(host, named),
            no_faults: mail.no_faults,
            instances: instances
                .map(|one| (named(&one.name), one.smtp_alert))
                .collect(),
            groups: groups
                .map(|one| (named(&one.name), one.smtp_alert))
                .collect(),
            leaving: BTreeSet::new(),
        });
    }
}

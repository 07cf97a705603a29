//! What is written: keepalived's subjects and sentences.

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use standfast_core::input::NotifyEvent;
use standfast_linux::clock::Micros;

use super::{MailPlan, Mailbox};
use crate::fifo::Subject;

/// What filters know keepalived's mail by.
const MAILER: &str = "Keepalived";

/// A mail, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) subject: String,
    /// Headers and body.
    pub(super) message: String,
}

impl Letter {
    /// `None` for events that mail does not tell.
    pub(super) fn new(
        plan: &MailPlan,
        about: Subject,
        name: &str,
        event: NotifyEvent,
        written: Micros,
    ) -> Option<Self> {
        let (headline, sentence) = words(about, event)?;
        let kind = match about {
            Subject::Instance => "Instance",
            Subject::Group => "Group",
        };
        let subject = format!("[{}] VRRP {kind} {name} - {headline}", plan.router_id);
        let id = format!("{}.{}@{}", written.0, std::process::id(), plan.helo_name);
        let seconds = i64::try_from(written.0 / 1_000_000).unwrap_or(0);
        let to: Vec<Address<'_>> = plan.to.iter().map(address).collect();
        let message = MessageBuilder::new()
            .from(address(&plan.from))
            .to(Address::new_list(to))
            .subject(subject.as_str())
            .header("X-Mailer", Raw::new(MAILER))
            .date(seconds)
            .message_id(id)
            .text_body(format!("=> {sentence} <=\r\n"))
            .write_to_string()
            .ok()?;
        Some(Letter { subject, message })
    }
}

fn address(mailbox: &Mailbox) -> Address<'_> {
    Address::new_address(mailbox.name.as_deref(), mailbox.address.as_str())
}

/// Headline and sentence.
const fn words(about: Subject, event: NotifyEvent) -> Option<(&'static str, &'static str)> {
    Some(match (event, about) {
        (NotifyEvent::Master, Subject::Instance) => (
            "Entering MASTER state",
            "VRRP Instance is now owning VRRP VIPs",
        ),
        (NotifyEvent::Backup, Subject::Instance) => (
            "Entering BACKUP state",
            "VRRP Instance is no longer owning VRRP VIPs",
        ),
        (NotifyEvent::Fault, Subject::Instance) => (
            "Entering FAULT state",
            "VRRP Instance is no longer owning VRRP VIPs",
        ),
        (NotifyEvent::Master, Subject::Group) => (
            "Entering MASTER state",
            "All VRRP group instances are now in MASTER state",
        ),
        (NotifyEvent::Backup, Subject::Group) => (
            "Entering BACKUP state",
            "All VRRP group instances are now in BACKUP state",
        ),
        (NotifyEvent::Fault, Subject::Group) => (
            "Entering FAULT state",
            "All VRRP group instances are now in FAULT state",
        ),
        (NotifyEvent::Stop, Subject::Instance) => ("Stopping", "VRRP Instance stopping"),
        (NotifyEvent::Stop, Subject::Group) => {
            ("Stopping", "All VRRP group instances are now stopping")
        }
        (NotifyEvent::Deleted, _) => ("Deleted", "VRRP Deleted at reload"),
        (
            NotifyEvent::MasterRxLowerPri
            | NotifyEvent::MasterPriority
            | NotifyEvent::BackupPriority,
            _,
        ) => return None,
    })
}

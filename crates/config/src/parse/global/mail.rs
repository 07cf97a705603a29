//! Mail, and who gets it.

use crate::diagnostic::Code;
use crate::model::MailServer;
use crate::parse::{Entry, Parsed};
use crate::registry::Value;
use crate::span::Spanned;
use crate::units::Micros;
use crate::words::Word;

impl Parsed<'_> {
    /// `notification_email_from`, `smtp_*`; false where the keyword is another.
    pub(super) fn apply_mail(&mut self, entry: &Entry) -> bool {
        let mail = &mut self.global.defs.mail;
        match (entry.keyword.name, &entry.value) {
            ("no_email_faults", _) => mail.no_faults = true,
            ("no_checker_emails", _) => mail.no_checkers = true,
            ("notification_email_from", _) => mail.from = whole(&entry.arguments),
            ("smtp_helo_name", _) => mail.helo_name = entry.first(),
            ("smtp_server", _) => self.apply_mail_server(&entry.arguments),
            ("smtp_connect_timeout", Value::Integer(0)) => {
                mail.timeout = Micros::from_secs(1);
                let text = "`smtp_connect_timeout` must be greater than 0; 1 s is taken";
                self.complain(Code::OutOfRange, entry.value_span(), text);
            }
            ("smtp_connect_timeout", Value::Integer(seconds)) => {
                mail.timeout = crate::parse::number::seconds(*seconds);
            }
            _ => return false,
        }
        true
    }

    /// `HOST [PORT]`.
    fn apply_mail_server(&mut self, words: &[Word]) {
        let Some(host) = words.first() else { return };
        let mut server = MailServer::new(host.text.clone());
        if let Some(word) = words.get(1) {
            let port = self.integer("smtp_server", word, 1, i64::from(u16::MAX));
            let Some(port) = port.and_then(|port| u16::try_from(port).ok()) else {
                return;
            };
            server.port = port;
        }
        self.global.defs.mail.server = Some(Spanned::new(server, host.span));
    }

    /// `notification_email`: an address a line, blanks and all.
    pub(super) fn apply_recipients(&mut self, lines: &[Vec<Word>]) {
        let recipients = lines.iter().filter_map(|line| whole(line));
        self.global.defs.mail.recipients.extend(recipients);
    }
}

/// All words as one, with a blank between each two.
fn whole(words: &[Word]) -> Option<Spanned<String>> {
    let (first, last) = (words.first()?, words.last()?);
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    Some(Spanned::new(texts.join(" "), first.span.to(last.span)))
}

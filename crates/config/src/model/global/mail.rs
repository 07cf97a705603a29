//! Mail on changes of state.

use crate::span::Spanned;
use crate::units::Micros;

/// The standard port of SMTP.
const SMTP_PORT: u16 = 25;

/// `smtp_server`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MailServer {
    /// Address or name, not looked up.
    pub host: String,
    /// Port, 25 by default.
    pub port: u16,
}

impl MailServer {
    /// That host at the standard port.
    #[must_use]
    pub fn new(host: String) -> Self {
        let port = SMTP_PORT;
        Self { host, port }
    }
}

/// Settings of mail.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mail {
    /// `notification_email`; without any no mail is sent.
    pub recipients: Vec<Spanned<String>>,
    /// `notification_email_from`; unset, root at the host's name.
    pub from: Option<Spanned<String>>,
    /// `smtp_server`; without one no mail is sent.
    pub server: Option<Spanned<MailServer>>,
    /// `smtp_helo_name`; unset, the host's name.
    pub helo_name: Option<Spanned<String>>,
    /// `smtp_connect_timeout`: also the time of each step; at least 1 s.
    pub timeout: Micros,
    /// `no_email_faults`: none on faults.
    pub no_faults: bool,
    /// `no_checker_emails`: none for single checkers.
    pub no_checkers: bool,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            recipients: Vec::new(),
            from: None,
            server: None,
            helo_name: None,
            timeout: Micros::from_secs(30),
            no_faults: false,
            no_checkers: false,
        }
    }
}

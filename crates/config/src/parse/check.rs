//! `vrrp_check` blocks and what stands in them.

use super::endpoint::{self, EndpointError, HttpUrl};
use super::service::{no_status_code, status_range};
use super::{Entry, Parsed, Use};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{
    HttpProbe, Identity, Probe, ProcessProbe, Repair, Script, ScriptGiven, StatusCodes, VrrpCheck,
    Weight,
};
use crate::registry::{Block, Value};
use crate::span::{Span, Spanned};
use crate::units::Micros;
use crate::words::{self, Word};

/// Weights of checks reach from -253 to 253, as those of scripts.
const MAX_CHECK_WEIGHT: i64 = 253;
const DEFAULT_INTERVAL: Micros = Micros::from_secs(1);
const DEFAULT_WAIT: Micros = Micros::from_secs(2);
const DEFAULT_REPAIR_TIMEOUT: Micros = Micros::from_secs(10);
const DEFAULT_ATTEMPTS: u32 = 1;

/// A `vrrp_check` block while it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckDraft {
    name: Option<Spanned<String>>,
    probe: Option<Spanned<Probe>>,
    /// A probe was given and is of no use, which was said.
    unusable: bool,
    interval: Option<Micros>,
    timeout: Option<Micros>,
    weight: Weight,
    rise: Option<u32>,
    fall: Option<u32>,
    init_fail: bool,
    repair: Option<Repair>,
    given: ScriptGiven,
    http: Option<HttpDraft>,
    command: Option<RepairDraft>,
}

/// An `http` block while it is read.
#[derive(Clone, Debug)]
struct HttpDraft {
    url: Spanned<String>,
    parts: HttpUrl,
    status: StatusCodes,
    host: Option<String>,
    contains: Option<String>,
}

/// A `repair` block while it is read.
#[derive(Clone, Debug)]
struct RepairDraft {
    script: Script,
    identity: Option<Identity>,
    attempts: u32,
    wait: Micros,
    timeout: Micros,
}

impl Parsed<'_> {
    pub(super) fn enter_check(&mut self, name: Spanned<String>) {
        self.check = CheckDraft {
            name: Some(name),
            ..CheckDraft::default()
        };
    }

    pub(super) fn enter_check_http(&mut self, url: Spanned<String>) {
        self.check.http = match endpoint::url(&url.value) {
            Ok(parts) => Some(HttpDraft {
                url,
                parts,
                status: StatusCodes(Vec::new()),
                host: None,
                contains: None,
            }),
            Err(error) => {
                self.bad_endpoint(&url, error);
                None
            }
        };
    }

    /// The command is one quoted word that is split again, or several words.
    pub(super) fn enter_check_repair(&mut self, arguments: &[Word]) {
        let argv = match arguments {
            [only] => words::command_text(&only.text),
            _ => arguments.iter().map(|word| word.text.clone()).collect(),
        };
        let (Some(first), Some(last)) = (arguments.first(), arguments.last()) else {
            return;
        };
        let script = self.script(argv, first.span.to(last.span), Use::Notify);
        self.check.command = script.map(|script| RepairDraft {
            script,
            identity: None,
            attempts: DEFAULT_ATTEMPTS,
            wait: DEFAULT_WAIT,
            timeout: DEFAULT_REPAIR_TIMEOUT,
        });
    }

    pub(super) fn apply_check(&mut self, entry: Entry) {
        let span = Some(entry.value_span());
        let count = |number: i64| u32::try_from(number).ok();
        let draft = &mut self.check;
        match (entry.keyword.name, &entry.value) {
            (_, Value::Invalid) => {}
            ("process", _) => self.apply_check_process(&entry),
            ("tcp", _) => self.apply_check_tcp(&entry),
            ("interval", Value::Decimal(time)) => {
                (draft.interval, draft.given.interval) = (Some(*time), span);
            }
            ("timeout", Value::Decimal(time)) => {
                (draft.timeout, draft.given.timeout) = (Some(*time), span);
            }
            ("rise", Value::Integer(number)) => {
                (draft.rise, draft.given.rise) = (count(*number), span);
            }
            ("fall", Value::Integer(number)) => {
                (draft.fall, draft.given.fall) = (count(*number), span);
            }
            ("init_fail", _) => draft.init_fail = true,
            ("weight", _) => {
                if let Some(weight) = self.weight(&entry.arguments, MAX_CHECK_WEIGHT) {
                    (self.check.weight, self.check.given.weight) = (weight, span);
                }
            }
            _ => self.accept(entry),
        }
    }

    fn apply_check_process(&mut self, entry: &Entry) {
        let Some(program) = entry.first() else { return };
        let parameters = entry.arguments.get(1..).unwrap_or_default();
        let words = || parameters.iter().map(|word| word.text.clone()).collect();
        let probe = Probe::Process(ProcessProbe {
            program: program.value,
            parameters: (!parameters.is_empty()).then(words),
        });
        self.take_probe(probe, entry.span);
    }

    fn apply_check_tcp(&mut self, entry: &Entry) {
        let Some(text) = entry.first() else { return };
        match endpoint::tcp(&text.value) {
            Ok(address) => self.take_probe(Probe::Tcp(address), entry.span),
            Err(error) => self.bad_endpoint(&text, error),
        }
    }

    fn bad_endpoint(&mut self, text: &Spanned<String>, error: EndpointError) {
        self.check.unusable = true;
        let what = format!("`{}` {}", text.value, error.what());
        let found = Diagnostic::error(Code::InvalidEndpoint, text.span, what).help(error.help());
        self.reader.sink.push(found);
    }

    fn take_probe(&mut self, probe: Probe, span: Span) {
        let Some(first) = self.check.probe.as_ref().map(|first| first.span) else {
            self.check.probe = Some(Spanned::new(probe, span));
            return;
        };
        let text = "a check looks at one thing only; this one is ignored";
        let found = Diagnostic::error(Code::AlreadySpecified, span, text)
            .label(first, "given here")
            .help("make a second `vrrp_check` of it, and track both");
        self.reader.sink.push(found);
    }

    pub(super) fn apply_check_http(&mut self, entry: Entry) {
        if entry.keyword.name == "status" {
            return self.apply_check_status(&entry);
        }
        let text = entry.first().map(|word| word.value);
        let Some(http) = &mut self.check.http else {
            return;
        };
        match (entry.keyword.name, text) {
            ("host", Some(host)) if !is_host(&host) => {
                let text = format!("`{host}` can't stand in a `Host` header; it is ignored");
                let found = Diagnostic::error(Code::InvalidValue, entry.value_span(), text)
                    .help("it is a name or an address, and a port if the service wants one there");
                self.reader.sink.push(found);
            }
            ("host", host) => http.host = host,
            ("contains", text) => http.contains = text.filter(|text| !text.is_empty()),
            _ => self.accept(entry),
        }
    }

    fn apply_check_status(&mut self, entry: &Entry) {
        for word in &entry.arguments {
            let range = status_range(&word.text);
            if range.is_none() {
                self.reader.sink.push(no_status_code(word));
            }
            if let Some(http) = &mut self.check.http {
                http.status.0.extend(range);
            }
        }
    }

    pub(super) fn leave_check_http(&mut self, span: Span) {
        let Some(draft) = self.check.http.take() else {
            return;
        };
        let status = match draft.status.0.is_empty() {
            true => StatusCodes::default(),
            false => draft.status,
        };
        let HttpUrl {
            address,
            authority,
            target,
        } = draft.parts;
        let probe = HttpProbe {
            address,
            target,
            host: draft.host.unwrap_or(authority),
            status,
            contains: draft.contains,
            url: draft.url,
        };
        self.take_probe(Probe::Http(probe), span);
    }

    pub(super) fn apply_check_repair(&mut self, entry: Entry) {
        if entry.keyword.name == "user" {
            let identity = self.identity(&entry.arguments);
            if let Some(draft) = &mut self.check.command {
                draft.identity = identity;
            }
            return;
        }
        let Some(draft) = &mut self.check.command else {
            return;
        };
        match (entry.keyword.name, &entry.value) {
            (_, Value::Invalid) => {}
            ("attempts", Value::Integer(number)) => {
                draft.attempts = u32::try_from(*number).unwrap_or(DEFAULT_ATTEMPTS);
            }
            ("wait", Value::Decimal(time)) => draft.wait = *time,
            ("timeout", Value::Decimal(time)) => draft.timeout = *time,
            _ => self.accept(entry),
        }
    }

    pub(super) fn leave_check_repair(&mut self) {
        let Some(draft) = self.check.command.take() else {
            return;
        };
        let mut script = draft.script;
        script.identity = draft.identity;
        self.check.repair = Some(Repair {
            script,
            attempts: draft.attempts,
            wait: draft.wait,
            timeout: draft.timeout,
        });
    }

    /// The check at its closing brace.
    pub(super) fn leave_check(&mut self) {
        let draft = std::mem::take(&mut self.check);
        let Some(name) = draft.name else { return };
        let Some(probe) = draft.probe else {
            if !draft.unusable {
                let text = format!("`{}` looks at nothing; it is ignored", name.value);
                let found = Diagnostic::error(Code::ObjectIncomplete, name.span, text)
                    .help("give it a `process`, a `tcp` or an `http` line");
                self.reader.sink.push(found);
            }
            return;
        };
        if !self.first_of_its_name(Block::VrrpCheck, &name) {
            return;
        }
        let interval = draft.interval.unwrap_or(DEFAULT_INTERVAL);
        self.checks.push(VrrpCheck {
            name,
            probe: probe.value,
            interval,
            timeout: draft.timeout.unwrap_or(interval),
            weight: draft.weight,
            rise: draft.rise.unwrap_or(1),
            fall: draft.fall.unwrap_or(1),
            init_fail: draft.init_fail,
            repair: draft.repair,
            given: draft.given,
        });
    }
}

/// Whether it may stand in a `Host` header (RFC 9110 §7.2).
fn is_host(text: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(&byte);
    !text.is_empty() && text.bytes().all(part)
}

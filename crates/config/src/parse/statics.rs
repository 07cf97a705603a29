//! What stands outside instances and has lines or blocks of its own: static entries, groups, interfaces.

use std::collections::BTreeMap;

use super::rule::FIRST_PREFERENCE;
use super::{EXIT_CONFIG, Entry, Parsed};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    GarpGroup, InterfaceDelay, LinkbeatInterface, LinkbeatMethod, Route, Rule, StaticAddress,
    TrackGroup,
};
use crate::registry::Value;
use crate::source::InterfaceState;
use crate::span::{Span, Spanned};
use crate::units::Micros;
use crate::words::Word;

/// Longest delay of an interface's change of state, in microseconds.
const MAX_INTERFACE_DELAY: u64 = 255_000_000;

/// A `garp_group` block while it is read.
#[derive(Clone, Debug, Default)]
struct GarpGroupDraft {
    garp_interval: Option<Micros>,
    na_interval: Option<Micros>,
    /// A time was given, usable or not.
    timed: bool,
    interfaces: Vec<Spanned<String>>,
}

/// A `track_group` block while it is read.
#[derive(Clone, Debug)]
struct TrackGroupDraft {
    name: Spanned<String>,
    members: Option<Vec<Spanned<String>>>,
}

/// All of it.
pub(crate) struct Statics {
    pub(crate) addresses: Vec<StaticAddress>,
    pub(crate) routes: Vec<Route>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) track_groups: Vec<TrackGroup>,
    pub(crate) garp_groups: Vec<GarpGroup>,
    pub(crate) linkbeat: Vec<LinkbeatInterface>,
    pub(crate) delays: Vec<InterfaceDelay>,
    /// What the next IPv4 rule without a preference gets.
    pub(super) next_preference_v4: u32,
    /// The same for IPv6.
    pub(super) next_preference_v6: u32,
    /// Interfaces in a garp_group.
    grouped: BTreeMap<String, Span>,
    garp_group: GarpGroupDraft,
    track_group: Option<TrackGroupDraft>,
}

impl Default for Statics {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            track_groups: Vec::new(),
            garp_groups: Vec::new(),
            linkbeat: Vec::new(),
            delays: Vec::new(),
            next_preference_v4: FIRST_PREFERENCE,
            next_preference_v6: FIRST_PREFERENCE,
            grouped: BTreeMap::new(),
            garp_group: GarpGroupDraft::default(),
            track_group: None,
        }
    }
}

impl Parsed<'_> {
    pub(super) fn apply_root_lines(&mut self, entry: &Entry, lines: Vec<Vec<Word>>) {
        for words in &lines {
            match entry.keyword.name {
                "static_ipaddress" => {
                    if let Some(mut address) = self.static_address(words) {
                        self.known_group(&mut address.track_group);
                        self.statics.addresses.push(address);
                    }
                }
                "static_routes" => {
                    if let Some(mut route) = self.route(words, true) {
                        self.known_group(&mut route.track_group);
                        self.statics.routes.push(route);
                    }
                }
                "static_rules" => {
                    if let Some(mut rule) = self.rule(words, true) {
                        self.known_group(&mut rule.track_group);
                        self.statics.rules.push(rule);
                    }
                }
                "linkbeat_interfaces" => self.linkbeat_interface(words),
                "interface_up_down_delays" => self.interface_delay(words),
                _ => return self.accept_lines(entry, lines),
            }
        }
    }

    /// Forgets, with a word about it, a track_group that was not defined before.
    fn known_group(&mut self, group: &mut Option<Spanned<String>>) {
        let Some(name) = group else { return };
        let groups = &self.statics.track_groups;
        if groups.iter().any(|known| known.name.value == name.value) {
            return;
        }
        let text = format!("track_group `{}` is not defined up to here", name.value);
        self.complain(Code::TrackedUnknown, name.span, text);
        *group = None;
    }

    /// `INTERFACE [MII|ETHTOOL|IOCTL]`.
    fn linkbeat_interface(&mut self, words: &[Word]) {
        let Some(name) = words.first() else { return };
        let method = match words.get(1).map(|word| word.text.as_str()) {
            Some("MII") => LinkbeatMethod::Mii,
            Some("ETHTOOL") => LinkbeatMethod::Ethtool,
            Some("IOCTL") => LinkbeatMethod::Ioctl,
            Some(_) | None => LinkbeatMethod::Any,
        };
        let taken = 1 + usize::from(method != LinkbeatMethod::Any);
        if let Some(extra) = words.get(taken) {
            let text = format!(
                "`{}` is no way to ask an interface; it is ignored",
                extra.text
            );
            let diagnostic = Diagnostic::error(Code::InvalidChoice, extra.span, text)
                .help("write MII, ETHTOOL, IOCTL, or nothing")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
        }
        if self.interface_is_there(name) {
            let name = name.spanned();
            self.statics
                .linkbeat
                .push(LinkbeatInterface { name, method });
        }
    }

    /// `INTERFACE [DOWN [UP]]`, in seconds.
    fn interface_delay(&mut self, words: &[Word]) {
        let Some(name) = words.first() else { return };
        let mut delays = [Micros::ZERO; 2];
        for (delay, word) in delays.iter_mut().zip(words.iter().skip(1)) {
            let value = self.decimal(
                "interface_up_down_delays",
                word,
                (0, MAX_INTERFACE_DELAY),
                6,
            );
            *delay = value.unwrap_or_default();
        }
        if self.interface_is_there(name) {
            let ([down, up], name) = (delays, name.spanned());
            self.statics.delays.push(InterfaceDelay { name, down, up });
        }
    }

    fn interface_is_there(&mut self, name: &Word) -> bool {
        let missing = self.environment.interface(&name.text) == InterfaceState::Missing;
        if missing {
            let text = format!("there is no interface `{}` on this host", name.text);
            let diagnostic = Diagnostic::error(Code::InterfaceUnknown, name.span, text);
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::BadInterface));
        }
        !missing
    }
}

/// `track_group`.
impl Parsed<'_> {
    pub(super) fn enter_track_group(&mut self, name: Spanned<String>) {
        self.statics.track_group = Some(TrackGroupDraft {
            name,
            members: None,
        });
    }

    pub(super) fn apply_track_group_lines(&mut self, entry: &Entry, lines: &[Vec<Word>]) {
        let Some(draft) = &mut self.statics.track_group else {
            return;
        };
        if draft.members.is_some() {
            let text = "only the first `group` counts";
            self.complain(Code::AlreadySpecified, entry.span, text);
            return;
        }
        draft.members = Some(lines.iter().flatten().map(Word::spanned).collect());
    }

    pub(super) fn leave_track_group(&mut self) {
        let Some(TrackGroupDraft { name, members }) = self.statics.track_group.take() else {
            return;
        };
        let groups = &mut self.statics.track_groups;
        if let Some(first) = groups.iter().find(|group| group.name.value == name.value) {
            let text = format!("there is a track_group `{}` already", name.value);
            let diagnostic = Diagnostic::error(Code::DuplicateName, name.span, text)
                .label(first.name.span, "the first one")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
            return;
        }
        let members = members.unwrap_or_default();
        groups.push(TrackGroup { name, members });
    }
}

/// `garp_group`.
impl Parsed<'_> {
    pub(super) fn apply_garp_group(&mut self, entry: Entry) {
        let group = &mut self.statics.garp_group;
        group.timed |= matches!(entry.keyword.name, "garp_interval" | "gna_interval");
        match (entry.keyword.name, &entry.value) {
            (_, Value::Invalid) => {}
            ("garp_interval", Value::Decimal(time)) => group.garp_interval = Some(*time),
            ("gna_interval", Value::Decimal(time)) => group.na_interval = Some(*time),
            ("interface", _) => {
                if let Some(name) = entry.first() {
                    self.group_interface(name, false);
                }
            }
            _ => self.accept(entry),
        }
    }

    pub(super) fn apply_garp_group_lines(&mut self, lines: &[Vec<Word>]) {
        for word in lines.iter().flatten() {
            self.group_interface(word.spanned(), true);
        }
    }

    fn group_interface(&mut self, name: Spanned<String>, in_list: bool) {
        let Some(first) = self.statics.grouped.get(&name.value) else {
            self.statics.grouped.insert(name.value.clone(), name.span);
            self.statics.garp_group.interfaces.push(name);
            return;
        };
        let text = format!("`{}` is in a garp_group already", name.value);
        let diagnostic = Diagnostic::error(Code::InterfaceInTwoGroups, name.span, text)
            .label(*first, "the first time")
            .class(KeepalivedClass::General);
        if in_list {
            // In a list 2.2.7 stumbles over its own complaint and exits.
            let diagnostic = diagnostic.help("keepalived does not start with this");
            self.reader.sink.stop_test(EXIT_CONFIG);
            self.reader.sink.refuse(EXIT_CONFIG, diagnostic);
        } else {
            let diagnostic = diagnostic.help("name each interface once");
            self.reader.sink.push(diagnostic);
        }
    }

    pub(super) fn leave_garp_group(&mut self, span: Span) {
        let draft = std::mem::take(&mut self.statics.garp_group);
        if !draft.timed {
            let text = "this garp_group sets no time; it is ignored";
            self.complain(Code::ObjectIncomplete, span, text);
            return;
        }
        self.statics.garp_groups.push(GarpGroup {
            garp_interval: draft.garp_interval.unwrap_or_default(),
            na_interval: draft.na_interval.unwrap_or_default(),
            interfaces: draft.interfaces,
            span,
        });
    }
}

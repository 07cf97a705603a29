//! Lines of `static_rules` and `virtual_rules` (ip-rule(8)).

use std::ops::RangeInclusive;

use super::Parsed;
use super::cursor::Cursor;
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    Family, IpNetwork, KEEPALIVED_PROTOCOL, NameList, Named, Realms, Rule, RuleAction, RuleMark,
    c_number,
};
use crate::span::{Span, Spanned};
use crate::words::Word;

/// The preference of the first rule that names none; the next ones get one less each.
pub(crate) const FIRST_PREFERENCE: u32 = 16_384;

/// A rule while its words are read.
#[derive(Default)]
struct RuleDraft {
    family: Option<Family>,
    inverted: bool,
    from: Option<IpNetwork>,
    to: Option<IpNetwork>,
    action: Option<RuleAction>,
    preference: Option<u32>,
    tos: Option<Named>,
    mark: Option<RuleMark>,
    input: Option<Spanned<String>>,
    output: Option<Spanned<String>>,
    realms: Option<Realms>,
    suppress_prefix_length: Option<u32>,
    suppress_group: Option<Named>,
    /// The last option that only goes with a table.
    needs_table: Option<Span>,
    tunnel_id: Option<u64>,
    users: Option<RangeInclusive<u32>>,
    ip_protocol: Option<Named>,
    source_ports: Option<RangeInclusive<u16>>,
    destination_ports: Option<RangeInclusive<u16>>,
    protocol: Option<Spanned<u8>>,
    no_track: bool,
    track_group: Option<Spanned<String>>,
}

impl Parsed<'_> {
    /// The rule of that line; `None`, reported, where it can't be used.
    pub(super) fn rule(&mut self, words: &[Word], is_static: bool) -> Option<Rule> {
        let (first, last) = (words.first()?, words.last()?);
        let mut cursor = Cursor::new(words, "rule", is_static);
        let mut draft = RuleDraft {
            family: self.leading_family(&mut cursor),
            ..RuleDraft::default()
        };
        while let Some(word) = cursor.next() {
            self.rule_option(&mut draft, &mut cursor, word)?;
        }
        let span = first.span.to(last.span);
        let action = self.rule_action(&mut draft, span)?;
        let family = draft.family.unwrap_or(Family::V4);
        let preference = self.preference(&draft, &action, family, span)?;
        let protocol = self.rule_protocol(&draft);
        Some(Rule {
            family,
            inverted: draft.inverted,
            from: draft.from,
            to: draft.to,
            action,
            preference,
            tos: draft.tos,
            mark: draft.mark,
            input: draft.input,
            output: draft.output,
            realms: draft.realms,
            suppress_prefix_length: draft.suppress_prefix_length,
            suppress_group: draft.suppress_group,
            tunnel_id: draft.tunnel_id,
            users: draft.users,
            ip_protocol: draft.ip_protocol,
            source_ports: draft.source_ports,
            destination_ports: draft.destination_ports,
            protocol,
            tracked: !draft.no_track,
            track_group: draft.track_group,
            span,
        })
    }

    /// The action, which there must be, and with which the other options must go.
    fn rule_action(&mut self, draft: &mut RuleDraft, span: Span) -> Option<RuleAction> {
        let Some(action) = draft.action.take() else {
            let text = "this rule does not say what to do; it is skipped";
            let diagnostic = Diagnostic::error(Code::RuleIncomplete, span, text)
                .help("add `table NAME`, or another action")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
            return None;
        };
        if let (Some(place), false) = (draft.needs_table, matches!(action, RuleAction::Table(_))) {
            let text = "this goes with a table only; the rule is skipped";
            self.complain(Code::RuleIncomplete, place, text);
            return None;
        }
        Some(action)
    }

    /// The preference, which one without gets in the order of the text.
    fn preference(
        &mut self,
        draft: &RuleDraft,
        action: &RuleAction,
        family: Family,
        span: Span,
    ) -> Option<u32> {
        if let RuleAction::Goto(target) = action
            && draft.preference.is_none_or(|own| own >= *target)
        {
            let text = "`goto` leads to a greater preference only; the rule is skipped";
            self.complain(Code::RuleIncomplete, span, text);
            return None;
        }
        if draft.preference.is_some() {
            return draft.preference;
        }
        let next = match family {
            Family::V4 => &mut self.statics.next_preference_v4,
            Family::V6 => &mut self.statics.next_preference_v6,
        };
        let given = *next;
        *next = next.saturating_sub(1);
        let text = format!("this rule has no preference; it gets {given}");
        let diagnostic = Diagnostic::warning(Code::RuleIncomplete, span, text)
            .help("add `preference NUMBER`: the order of rules matters")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
        Some(given)
    }

    fn rule_protocol(&mut self, draft: &RuleDraft) -> u8 {
        let own = u8::try_from(KEEPALIVED_PROTOCOL).unwrap_or(0);
        match draft.protocol {
            Some(given) if given.value != own && !draft.no_track => {
                let text = "a tracked rule has protocol 18; this one is ignored";
                let diagnostic = Diagnostic::error(Code::NotTracked, given.span, text)
                    .help("add `no_track` to keep it")
                    .class(KeepalivedClass::General);
                self.reader.sink.push(diagnostic);
                own
            }
            Some(given) => given.value,
            None => own,
        }
    }

    fn rule_option<'w>(
        &mut self,
        draft: &mut RuleDraft,
        cursor: &mut Cursor<'w>,
        word: &'w Word,
    ) -> Option<()> {
        match word.text.as_str() {
            "not" => draft.inverted = true,
            "from" => draft.from = self.selector(draft, cursor, word)?,
            "to" => draft.to = self.selector(draft, cursor, word)?,
            "preference" | "order" | "priority" => {
                draft.preference = Some(self.count(cursor, word, u32::MAX)?);
            }
            "tos" | "dsfield" => draft.tos = Some(self.named(cursor, word, NameList::DsFields)?),
            "fwmark" => draft.mark = Some(self.firewall_mark(cursor, word)?),
            "iif" | "dev" => draft.input = Some(self.device(cursor, word)?),
            "oif" => draft.output = Some(self.device(cursor, word)?),
            "realms" => {
                draft.realms = Some(self.realms(cursor, word)?);
                draft.needs_table = Some(word.span);
            }
            "suppress_prefixlength" | "sup_pl" => {
                draft.suppress_prefix_length = Some(self.count(cursor, word, u32::MAX)?);
                draft.needs_table = Some(word.span);
            }
            "suppress_ifgroup" | "sup_group" => {
                draft.suppress_group = Some(self.named(cursor, word, NameList::Groups)?);
                draft.needs_table = Some(word.span);
            }
            "tunnel-id" => draft.tunnel_id = Some(self.tunnel_id(cursor, word)?),
            "uidrange" => draft.users = Some(self.range(cursor, word)?),
            "ipproto" => {
                draft.ip_protocol = Some(self.named(cursor, word, NameList::IpProtocols)?);
            }
            "sport" => draft.source_ports = Some(self.range(cursor, word)?),
            "dport" => draft.destination_ports = Some(self.range(cursor, word)?),
            "protocol" => {
                let protocol = self.small(cursor, word)?;
                draft.protocol = Some(Spanned::new(protocol, word.span));
            }
            "no_track" => draft.no_track = true,
            "track_group" if cursor.is_static => {
                draft.track_group = Some(self.device(cursor, word)?);
            }
            _ => return self.action_option(draft, cursor, word),
        }
        Some(())
    }

    /// One of the actions; any other word is unknown.
    fn action_option<'w>(
        &mut self,
        draft: &mut RuleDraft,
        cursor: &mut Cursor<'w>,
        word: &'w Word,
    ) -> Option<()> {
        if word.text == "type" {
            let kind = self.value(cursor, word)?;
            if !matches!(
                kind.text.as_str(),
                "nop" | "blackhole" | "prohibit" | "unreachable"
            ) {
                return self.unusable(Code::InvalidChoice, cursor, kind, "is no type of a rule");
            }
            return self.action_option(draft, cursor, kind);
        }
        let action = match word.text.as_str() {
            "table" | "lookup" => {
                let table = self.named(cursor, word, NameList::Tables)?;
                if table.number == Some(0) {
                    return self.unusable(Code::OutOfRange, cursor, word, "can't be table 0");
                }
                RuleAction::Table(table)
            }
            "goto" => RuleAction::Goto(self.count(cursor, word, u32::MAX)?),
            "nop" => RuleAction::Nop,
            "blackhole" => RuleAction::Blackhole,
            "prohibit" => RuleAction::Prohibit,
            "unreachable" => RuleAction::Unreachable,
            "l3mdev" => RuleAction::MasterDevice,
            _ => return self.unusable(Code::InvalidValue, cursor, word, "is no option of a rule"),
        };
        if draft.action.is_some() {
            let why = "is a second action, and a rule has one";
            return self.unusable(Code::AlreadySpecified, cursor, word, why);
        }
        draft.action = Some(action);
        Some(())
    }

    #[allow(
        clippy::option_option,
        reason = "reported, or everything, or a network"
    )]
    fn selector(
        &mut self,
        draft: &mut RuleDraft,
        cursor: &mut Cursor<'_>,
        option: &Word,
    ) -> Option<Option<IpNetwork>> {
        let word = self.value(cursor, option)?;
        let network = self.prefix(cursor, word, "network")?;
        if let Some(network) = network {
            self.same_family(cursor, &mut draft.family, Family::of(network.address), word)?;
        }
        Some(network)
    }

    /// `MARK[/MASK]`, both in C notation; without a mask, or with an empty one, all bits count.
    fn firewall_mark(&mut self, cursor: &mut Cursor<'_>, option: &Word) -> Option<RuleMark> {
        let word = self.value(cursor, option)?;
        let number = |text: &str| c_number(text).and_then(|number| u32::try_from(number).ok());
        let mark = match word.text.split_once('/') {
            None | Some((_, "")) => {
                number(word.text.trim_end_matches('/')).map(|value| (value, u32::MAX))
            }
            Some((value, mask)) => number(value).zip(number(mask)),
        };
        match mark {
            Some((value, mask)) => Some(RuleMark { value, mask }),
            None => self.unusable(
                Code::InvalidNumber,
                cursor,
                word,
                "is no mark of 32 bits, with or without `/MASK`",
            ),
        }
    }

    fn tunnel_id(&mut self, cursor: &mut Cursor<'_>, option: &Word) -> Option<u64> {
        let word = self.value(cursor, option)?;
        let id = word.text.parse().ok();
        if id.is_none() {
            let why = "is no identifier of a tunnel";
            return self.unusable(Code::InvalidNumber, cursor, word, why);
        }
        id
    }

    /// `FIRST-LAST`; keepalived wants both, and lets a reversed range through that no packet ever fits.
    fn range<N>(&mut self, cursor: &mut Cursor<'_>, option: &Word) -> Option<RangeInclusive<N>>
    where
        N: std::str::FromStr + PartialOrd,
    {
        let word = self.value(cursor, option)?;
        let ends = word.text.split_once('-');
        let parsed = ends.and_then(|(first, last)| first.parse().ok().zip(last.parse().ok()));
        let Some((first, last)) = parsed else {
            let numeric = |text: &str| text.parse::<u64>().is_ok();
            let why = "is no range such as 10-20";
            if ends.is_some_and(|(first, last)| numeric(first) && numeric(last)) {
                // keepalived cuts the numbers to size in silence.
                let text = format!("`{}` {why}; the rule is skipped", word.text);
                let diagnostic = Diagnostic::error(Code::OutOfRange, word.span, text);
                self.reader.sink.push(diagnostic);
                return None;
            }
            return self.unusable(Code::InvalidValue, cursor, word, why);
        };
        if first > last {
            let text = format!("`{}` runs backwards and holds nothing", word.text);
            let diagnostic = Diagnostic::warning(Code::OutOfRange, word.span, text);
            self.reader.sink.push(diagnostic);
        }
        Some(first..=last)
    }
}

//! Lines of `track_script`, `track_check`, `track_interface`, `track_file`, `track_process` and `track_bfd`.

use super::Parsed;
use super::draft::{TrackDraft, Tracking};
use crate::diagnostic::Code;
use crate::model::{TrackedBfd, Weight};
use crate::registry::Block;
use crate::span::Spanned;
use crate::words::Word;

/// What a line may weigh; interfaces and BFD sessions take one less.
const MAX_WEIGHT: i64 = 254;
/// What keepalived makes of 254.
const MAX_EFFECTIVE: i64 = 253;

impl Parsed<'_> {
    /// The tracking list of that keyword, added to what is tracked already.
    pub(super) fn track_lines(&mut self, name: &str, lines: &[Vec<Word>], tracking: &mut Tracking) {
        for words in lines {
            let Some(draft) = self.track_line(name, words) else {
                continue;
            };
            match name {
                "track_script" if self.is_script(&draft) => tracking.scripts.push(draft),
                "track_interface" => tracking.interfaces.push(draft),
                "track_file" if self.is_object(Block::TrackFile, &draft) => {
                    self.track_once(name, &mut tracking.files, draft);
                }
                "track_process" if self.is_object(Block::TrackProcess, &draft) => {
                    self.track_once(name, &mut tracking.processes, draft);
                }
                "track_check" if self.is_object(Block::VrrpCheck, &draft) => {
                    tracking.checks.push(draft);
                }
                "track_bfd" if self.is_object(Block::BfdInstance, &draft) => {
                    tracking.bfds.push(bfd(draft));
                }
                _ => {}
            }
        }
    }

    /// `NAME [weight NUMBER [reverse|noreverse]]`.
    fn track_line(&mut self, keyword: &str, words: &[Word]) -> Option<TrackDraft> {
        let name = words.first()?;
        let mut draft = TrackDraft {
            name: name.spanned(),
            weight: None,
            reverse: None,
        };
        if keyword == "track_interface" && !self.interface_name_fits(name) {
            return None;
        }
        if keyword == "track_script" {
            self.scripts_mentioned.insert(name.text.clone());
        }
        let mut rest = words.iter().skip(1);
        while let Some(word) = rest.next() {
            match word.text.as_str() {
                "weight" => {
                    let Some(number) = rest.next() else {
                        self.complain(Code::InvalidValue, word.span, "`weight` lacks its number");
                        break;
                    };
                    let Some(weight) = self.integer("weight", number, -MAX_WEIGHT, MAX_WEIGHT)
                    else {
                        continue;
                    };
                    if weight.abs() > MAX_EFFECTIVE
                        && matches!(keyword, "track_interface" | "track_bfd")
                    {
                        let text = format!("this weight can't be {weight}; the nearest is taken");
                        self.complain(Code::OutOfRange, number.span, text);
                    }
                    let weight = weight.clamp(-MAX_EFFECTIVE, MAX_EFFECTIVE);
                    let weight = i16::try_from(weight).ok();
                    draft.weight = weight.map(|weight| Spanned::new(weight, number.span));
                }
                "reverse" => draft.reverse = Some(true),
                "noreverse" => draft.reverse = Some(false),
                other => {
                    let text = format!(
                        "`{other}` is no option of `{keyword}`; the rest of the line is ignored"
                    );
                    let found = crate::Diagnostic::error(Code::InvalidValue, word.span, text)
                        .help("the options are `weight NUMBER` and then `reverse`")
                        .class(crate::KeepalivedClass::General);
                    self.reader.sink.push(found);
                    break;
                }
            }
        }
        Some(draft)
    }

    fn track_once(&mut self, keyword: &str, list: &mut Vec<TrackDraft>, draft: TrackDraft) {
        let first = list
            .iter()
            .find(|other| other.name.value == draft.name.value);
        let Some(first) = first else {
            list.push(draft);
            return;
        };
        let text = format!("`{}` stands twice in `{keyword}`", draft.name.value);
        let diagnostic = crate::Diagnostic::error(Code::AlreadySpecified, draft.name.span, text)
            .label(first.name.span, "the first line counts")
            .class(crate::KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
    }

    fn is_script(&mut self, draft: &TrackDraft) -> bool {
        let known = self.script_names.contains(&draft.name.value);
        if !known {
            let text = format!("script `{}` is not defined up to here", draft.name.value);
            let names = self.script_names.iter().map(String::as_str);
            let alike = crate::registry::nearest_of(names, &draft.name.value).map(str::to_owned);
            self.untracked(draft, text, "vrrp_script", alike);
        }
        known
    }

    fn is_object(&mut self, block: Block, draft: &TrackDraft) -> bool {
        let known = self.objects.contains(&(block, draft.name.value.clone()));
        if !known {
            let text = format!("`{}` is not defined up to here", draft.name.value);
            let names = self.objects.iter().filter(|(kind, _)| *kind == block);
            let names = names.map(|(_, name)| name.as_str());
            let alike = crate::registry::nearest_of(names, &draft.name.value).map(str::to_owned);
            self.untracked(draft, text, block.name(), alike);
        }
        known
    }

    fn untracked(&mut self, draft: &TrackDraft, what: String, block: &str, alike: Option<String>) {
        let text = format!("{what}; it is not tracked");
        let help = match alike {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("the `{block}` block must stand before what tracks it"),
        };
        let diagnostic =
            crate::Diagnostic::error(Code::TrackedUnknown, draft.name.span, text).help(help);
        self.reader
            .sink
            .push(diagnostic.class(crate::KeepalivedClass::General));
    }
}

fn bfd(draft: TrackDraft) -> TrackedBfd {
    let reverse = draft.reverse.unwrap_or(false);
    let weight = draft.weight.map(|weight| Weight {
        value: weight.value,
        reverse,
    });
    TrackedBfd {
        name: draft.name,
        weight,
        weight_span: draft.weight.map(|weight| weight.span),
    }
}

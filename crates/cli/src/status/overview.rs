//! The node, many instances as a table, and what the node has beside them.

use standfast_api::explain::Problem;
use standfast_api::status::{Check, Instance, State};

use super::detail::{holding, named};
use super::{View, state};
use crate::moments::span;
use crate::output::{Page, Piece, Tone, count, listed, piece, plain};

/// Rows of instances; of more only those with problems are shown, the others are summed up.
const ROWS: usize = 40;
/// Problems below the table.
const PROBLEMS_SHOWN: usize = 10;
/// Checks, groups, peers and strangers that are shown of each.
const BESIDE_SHOWN: usize = 6;
/// Names in a list.
const NAMES_SHOWN: usize = 6;
/// A timer that was late by this much is worth a line.
const LATE_US: u64 = 500_000;

impl View {
    /// Who it is.
    pub(super) fn node(&self, page: &mut Page) {
        let node = &self.status.node;
        let name = if node.as_keepalived {
            " (as keepalived)"
        } else {
            ""
        };
        let text = format!(
            ": standfast {}{name}, up {}, {}",
            node.version,
            self.present.since(node.started_us),
            self.summary()
        );
        page.paragraph(0, &[piece(Tone::Strong, &node.name), plain(text)]);
        if node.findings > 0 {
            let findings = count(
                usize::try_from(node.findings).unwrap_or(usize::MAX),
                "finding",
            );
            let files = match node.files.first() {
                Some(file) => format!("`standfast check {file}`"),
                None => "`standfast check`".to_owned(),
            };
            page.entry("config", &[plain(format!("{findings}: {files}"))]);
        }
        if let Some(refusal) = &node.reload_refused {
            let text = format!(
                "the file on disk was refused at {}: {}; the one read at {} is in force",
                self.present.clock(refusal.at_us),
                refusal.text,
                self.present.clock(node.configured_us)
            );
            page.entry("PROBLEM", &[piece(Tone::Bad, text)]);
        }
        for text in &node.control_troubles {
            page.entry(
                "PROBLEM",
                &[piece(Tone::Bad, format!("control interface: {text}"))],
            );
        }
        if let Some(drain) = &node.drain {
            let kind = if drain.hard {
                "drained (hard)"
            } else {
                "drained"
            };
            let end = match drain.until_us {
                Some(until) => format!(
                    "until {}, {}",
                    self.present.clock(until),
                    self.present.ahead(until)
                ),
                None => "until `standfast resume`".to_owned(),
            };
            let since = self.present.clock(drain.since_us);
            let text = format!("{kind} since {since} by {}, {end}", drain.who);
            page.entry("DRAIN", &[piece(Tone::Warning, text)]);
        }
        let served: Vec<&str> = self.last_resort().map(|one| one.name.as_str()).collect();
        if !served.is_empty() {
            let text = format!(
                "drained, but it serves {} on as the last resort: no other node takes over",
                listed(served, NAMES_SHOWN)
            );
            page.entry("PROBLEM", &[piece(Tone::Bad, text)]);
        }
        self.pauses(page);
        if node.stopping {
            page.entry("STOPPING", &[piece(Tone::Warning, "it is about to end")]);
        }
    }

    /// What fails meanwhile is not noticed.
    fn pauses(&self, page: &mut Page) {
        let checks = self.status.checks.iter();
        let paused = checks.filter_map(|check| Some((check, check.paused.as_ref()?)));
        for (check, pause) in paused.take(BESIDE_SHOWN) {
            let text = format!(
                "check {}: {}",
                check.name,
                self.present.pause(&check.name, pause)
            );
            page.entry("PAUSED", &[piece(Tone::Warning, text)]);
        }
    }

    /// `3 instances: 2 MASTER, 1 BACKUP`.
    fn summary(&self) -> String {
        let all = &self.status.instances;
        let states = [
            State::Fault,
            State::Master,
            State::Leaving,
            State::Backup,
            State::Initialize,
        ];
        let counts = states.into_iter().filter_map(|one| {
            let number = all.iter().filter(|instance| instance.state == one).count();
            (number > 0).then(|| format!("{number} {}", state(one).text()))
        });
        let counts: Vec<_> = counts.collect();
        let instances = count(all.len(), "instance");
        match counts.is_empty() {
            true => instances,
            false => format!("{instances}: {}", counts.join(", ")),
        }
    }

    /// One row for each instance, and a line for each problem.
    pub(super) fn rows(&self, page: &mut Page) {
        let heads = [
            "INSTANCE",
            "STATE",
            "FOR",
            "PRIORITY",
            "MASTER",
            "ADDRESSES",
        ];
        let mut rows = vec![heads.map(|head| piece(Tone::Faint, head)).to_vec()];
        let all = self.shown().zip(&self.problems);
        let few = self.problems.len() <= ROWS;
        let worth = all.filter(|(one, problems)| {
            few || problems.iter().any(Problem::is_wrong) || one.state == State::Fault
        });
        rows.extend(worth.take(ROWS).map(|(instance, _)| self.row(instance)));
        if rows.len() > 1 {
            page.table(0, &rows);
        }
        if !few {
            self.summed_up(page);
        }
        self.problem_lines(page);
    }

    fn row(&self, instance: &Instance) -> Vec<Piece> {
        let priority = &instance.priority;
        let sum = match priority.effective == priority.base {
            true => priority.effective.to_string(),
            false => format!("{} of {}", priority.effective, priority.base),
        };
        let master = match &instance.master {
            Some(master) if master.here => "this node".to_owned(),
            Some(master) => named(master.name.as_deref(), master.address),
            None => "-".to_owned(),
        };
        vec![
            piece(Tone::Strong, &instance.name),
            state(instance.state),
            plain(self.present.since(instance.since_us)),
            plain(sum),
            plain(master),
            holding(&instance.addresses),
        ]
    }

    /// Instances without problems, by state.
    fn summed_up(&self, page: &mut Page) {
        for one in [
            State::Master,
            State::Backup,
            State::Leaving,
            State::Initialize,
        ] {
            let all = self.shown().zip(&self.problems);
            let well = all.filter(|(instance, problems)| {
                instance.state == one && !problems.iter().any(Problem::is_wrong)
            });
            let names: Vec<&str> = well.map(|(instance, _)| instance.name.as_str()).collect();
            if !names.is_empty() {
                let text = format!(
                    ", {} without problems: {}",
                    names.len(),
                    listed(names.iter().copied(), NAMES_SHOWN)
                );
                page.paragraph(0, &[state(one), plain(text)]);
            }
        }
        page.paragraph(0, &[piece(Tone::Faint, "(--long shows each in detail)")]);
    }

    /// The first problem of each instance; one that several have is told once.
    fn problem_lines(&self, page: &mut Page) {
        let mut lines: Vec<(&str, Vec<&str>)> = Vec::new();
        for (instance, problems) in self.shown().zip(&self.problems) {
            let Some(problem) = problems.iter().find(|problem| problem.is_wrong()) else {
                continue;
            };
            match lines.iter_mut().find(|(text, _)| *text == problem.text) {
                Some((_, names)) => names.push(&instance.name),
                None => lines.push((&problem.text, vec![&instance.name])),
            }
        }
        if !lines.is_empty() {
            page.gap();
        }
        for (text, names) in lines.iter().take(PROBLEMS_SHOWN) {
            let names = listed(names.iter().copied(), NAMES_SHOWN);
            let pieces = [
                piece(Tone::Strong, names),
                plain(": "),
                piece(Tone::Bad, text),
            ];
            page.paragraph(0, &pieces);
        }
        if let Some(more @ 1..) = lines.len().checked_sub(PROBLEMS_SHOWN) {
            page.paragraph(0, &[plain(format!("and {}", count(more, "other problem")))]);
        }
    }

    /// What the node has beside instances.
    pub(super) fn beside(&self, page: &mut Page) {
        page.gap();
        self.groups(page);
        self.checks(page);
        self.peers(page);
        self.strangers(page);
        if self.status.timing.worst_us >= LATE_US {
            let text = format!(
                "the latest timer was late by {}",
                span(self.status.timing.worst_us)
            );
            page.entry("timing", &[piece(Tone::Warning, text)]);
        }
        for (operation, number) in &self.status.kernel_failures {
            let text = format!("{operation} failed {number} times");
            page.entry("kernel", &[piece(Tone::Warning, text)]);
        }
    }

    fn groups(&self, page: &mut Page) {
        let groups = &self.status.groups;
        for (number, group) in groups.iter().take(BESIDE_SHOWN).enumerate() {
            let agreed = group
                .state
                .map_or_else(|| piece(Tone::Warning, "not of one state"), state);
            let members = listed(group.members.iter().map(String::as_str), NAMES_SHOWN);
            let name = plain(format!("{} (", group.name));
            let label = if number == 0 { "groups" } else { "" };
            page.entry(label, &[name, agreed, plain(format!("): {members}"))]);
        }
        more(page, groups.len());
    }

    /// Those that are not up first.
    fn checks(&self, page: &mut Page) {
        let mut checks: Vec<&Check> = self.status.checks.iter().collect();
        checks.sort_by_key(|check| check.state == "up" && check.paused.is_none());
        let rows: Vec<_> = checks
            .iter()
            .take(BESIDE_SHOWN)
            .map(|check| self.check(check))
            .collect();
        page.entries("checks", &rows);
        more(page, checks.len());
    }

    fn check(&self, check: &Check) -> Vec<Piece> {
        let tone = match check.state.as_str() {
            "up" => Tone::Good,
            "down" | "unusable" => Tone::Bad,
            _ => Tone::Warning,
        };
        let mut words = Vec::new();
        if let Some(pause) = &check.paused {
            words.push(match pause.until_us {
                Some(until) => format!("paused, goes on {}", self.present.ahead(until)),
                None => "paused until `standfast unpause`".to_owned(),
            });
        }
        words.extend(check.unusable.clone());
        words.extend(check.result.clone());
        if let Some(ended) = check.ended_us {
            let took = check
                .took_us
                .map_or_else(String::new, |took| format!(", took {}", span(took)));
            words.push(format!("{}{took}", self.present.ago(ended)));
        }
        vec![
            plain(&check.name),
            plain(&check.kind),
            piece(tone, check.state.to_uppercase()),
            plain(words.join(", ")),
        ]
    }

    fn peers(&self, page: &mut Page) {
        let peers = &self.status.peers;
        for (number, peer) in peers.iter().take(BESIDE_SHOWN).enumerate() {
            let answers = match peer.round_trip_us {
                Some(round_trip) => format!("answers in {}", span(round_trip)),
                None => "has never answered: one-way?".to_owned(),
            };
            let tone = if peer.round_trip_us.is_some() {
                Tone::Plain
            } else {
                Tone::Warning
            };
            let text = format!(
                "{} on {}, heard {}, ",
                named(Some(&peer.name), peer.address),
                peer.interface,
                self.present.ago(peer.heard_us)
            );
            let drained = if peer.drained { ", drained" } else { "" };
            let label = if number == 0 { "peers" } else { "" };
            let pieces = [
                plain(text),
                piece(tone, answers),
                piece(Tone::Warning, drained),
            ];
            page.entry(label, &pieces);
        }
        more(page, peers.len());
    }

    fn strangers(&self, page: &mut Page) {
        let strangers = &self.status.strangers;
        for (number, stranger) in strangers.iter().take(BESIDE_SHOWN).enumerate() {
            let text = format!(
                "VRID {} on {} from {}, {}: not configured here",
                stranger.vrid,
                stranger.interface,
                stranger.address,
                self.present.ago(stranger.heard_us)
            );
            let label = if number == 0 { "strangers" } else { "" };
            page.entry(label, &[plain(text)]);
        }
        more(page, strangers.len());
    }
}

/// How many are not shown.
fn more(page: &mut Page, all: usize) {
    if let Some(more @ 1..) = all.checked_sub(BESIDE_SHOWN) {
        page.entry("", &[piece(Tone::Faint, format!("and {more} more"))]);
    }
}

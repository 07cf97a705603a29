//! `standfast reload`: says what a reload changes, then does it.

use std::process::ExitCode;

use standfast_api::command::{Answer, Change, Command, Plan};

use super::Common;
use crate::output::{Page, Piece, Tone, count, piece, plain};

/// Changes that are shown.
const CHANGES_SHOWN: usize = 100;
/// Effects that are shown.
const EFFECTS_SHOWN: usize = 100;
/// Findings that are shown.
const FINDINGS_SHOWN: usize = 20;

/// The arguments of `standfast reload`.
#[derive(clap::Args)]
pub(crate) struct Reload {
    /// Only print what would change, and whether something that serves is interrupted.
    #[arg(long)]
    plan: bool,
    /// Reload also where the new configuration looks like a slip.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    common: Common,
}

/// What `--help` says at the end.
pub(crate) const AFTER_HELP: &str = "\
Refused, unless --force is given, is a configuration with errors that the one in force does not have, and one by which an instance \
would be gone, or lose all its addresses, though it still stands in the file. SIGHUP asks nobody, as in keepalived.\n\n\
Exit codes: 0 done; 1 refused, and with --plan: would be refused (nothing was changed); 2 wrong usage; 3 not running or no answer; \
4 permission denied.";

impl Reload {
    /// Prints the plan, and carries it out unless only that was asked for, or it looks like a slip.
    pub(crate) fn run(self) -> ExitCode {
        let common = &self.common;
        let planned = match common.ask(&Command::Reload { plan: true }) {
            Ok(planned) => planned,
            Err(error) => return error.report(),
        };
        if matches!(planned, Answer::Refused { .. }) {
            return common.tell(&planned);
        }
        let doubted = doubted(&planned).filter(|_| !self.force);
        if self.plan {
            let code = common.tell(&planned);
            return doubted.map_or(code, |_| ExitCode::FAILURE);
        }
        // Programs get one answer.
        if let Some(refusal) = doubted {
            if !common.json {
                common.tell(&undoubted(planned));
            }
            return common.tell(&refusal);
        }
        if !common.json {
            common.tell(&acting(&planned));
        }
        match common.ask(&Command::Reload { plan: false }) {
            Ok(done) if common.json => common.tell(&with_plan(done, planned)),
            Ok(done) => common.tell(&without_plan(done)),
            Err(error) => error.report(),
        }
    }
}

/// Why a plan is not carried out without `--force`.
fn doubted(planned: &Answer) -> Option<Answer> {
    let Answer::Done {
        plan: Some(plan), ..
    } = planned
    else {
        return None;
    };
    (!plan.doubts.is_empty()).then(|| Answer::Refused {
        text: "not reloaded, for this looks like a slip (--force does it all the same):".to_owned(),
        reasons: plan.doubts.clone(),
    })
}

/// A plan whose doubts are told apart.
fn undoubted(mut planned: Answer) -> Answer {
    if let Answer::Done {
        plan: Some(plan), ..
    } = &mut planned
    {
        plan.doubts.clear();
    }
    planned
}

/// A plan that is about to be carried out: what would be is what happens.
fn acting(planned: &Answer) -> Answer {
    let mut acting = planned.clone();
    if let Answer::Done { text, .. } = &mut acting {
        let said = match text.as_str() {
            "nothing would change" => "nothing changes",
            "a reload would interrupt service" => "this reload interrupts service",
            "a reload would not interrupt service" => "this reload does not interrupt service",
            other => other,
        };
        *text = said.to_owned();
    }
    acting
}

/// What was done, with what was planned where the answer does not say it.
fn with_plan(done: Answer, planned: Answer) -> Answer {
    match (done, planned) {
        (
            Answer::Done {
                text,
                moves,
                plan: None,
            },
            Answer::Done { plan, .. },
        ) => Answer::Done { text, moves, plan },
        (done, _) => done,
    }
}

/// What was done; its plan was printed.
fn without_plan(answer: Answer) -> Answer {
    match answer {
        Answer::Done { text, moves, .. } => Answer::Done {
            text,
            moves,
            plan: None,
        },
        refused @ Answer::Refused { .. } => refused,
    }
}

/// A plan in words, after those of the daemon.
pub(super) fn plan(page: &mut Page, plan: &Plan, said: &str) {
    if !plan.changes.is_empty() {
        page.paragraph(0, &[plain(count(plan.changes.len(), "change")), plain(":")]);
        let rows: Vec<_> = plan
            .changes
            .iter()
            .take(CHANGES_SHOWN)
            .map(change)
            .collect();
        page.table(2, &rows);
        more(page, plan.changes.len(), CHANGES_SHOWN);
    }
    if !plan.effects.is_empty() {
        page.paragraph(0, &[plain("At once:")]);
        for (number, effect) in plan.effects.iter().take(EFFECTS_SHOWN).enumerate() {
            page.paragraph(2, &[plain(format!("{}. {effect}", number + 1))]);
        }
        more(page, plan.effects.len(), EFFECTS_SHOWN);
    }
    match (plan.interrupts, said.is_empty()) {
        (true, _) => {
            page.paragraph(
                0,
                &[piece(Tone::Bad, "Something that serves is interrupted.")],
            );
        }
        (false, true) => page.paragraph(0, &[plain("Nothing that serves is interrupted.")]),
        (false, false) => {}
    }
    if !plan.doubts.is_empty() {
        let slip = "This looks like a slip (a reload asks for --force):";
        page.paragraph(0, &[piece(Tone::Bad, slip)]);
        for doubt in plan.doubts.iter().take(FINDINGS_SHOWN) {
            page.paragraph(2, &[plain(doubt)]);
        }
        more(page, plan.doubts.len(), FINDINGS_SHOWN);
    }
    if !plan.findings.is_empty() {
        let findings = count(plan.findings.len(), "finding");
        page.paragraph(
            0,
            &[plain(format!(
                "{findings} (`standfast check` shows where):"
            ))],
        );
        for finding in plan.findings.iter().take(FINDINGS_SHOWN) {
            page.paragraph(2, &[piece(Tone::Warning, finding)]);
        }
        more(page, plan.findings.len(), FINDINGS_SHOWN);
    }
}

fn change(change: &Change) -> Vec<Piece> {
    let value = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        (Some(before), None) => format!("{before} → (none)"),
        (None, Some(after)) => format!("(none) → {after}"),
        (None, None) => String::new(),
    };
    vec![
        piece(Tone::Strong, &change.subject),
        plain(&change.what),
        plain(value),
    ]
}

fn more(page: &mut Page, all: usize, shown: usize) {
    if let Some(more @ 1..) = all.checked_sub(shown) {
        page.paragraph(2, &[plain(format!("and {more} more"))]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_out_is_not_told_as_what_would_be() {
        for said in [
            "nothing would change",
            "a reload would interrupt service",
            "a reload would not interrupt service",
        ] {
            let planned = Answer::Done {
                text: said.to_owned(),
                moves: Vec::new(),
                plan: None,
            };
            let Answer::Done { text, .. } = acting(&planned) else {
                panic!("{said} was refused");
            };
            assert!(!text.contains("would"), "{text}");
        }
    }
}

//! What the daemon's status adds to its answer: until when something holds, and that there was nothing to end.

use jiff::tz::TimeZone;
use standfast_api::command::{Answer, Command};
use standfast_api::path;
use standfast_api::status::{Drain, Status};

use crate::client::Client;
use crate::moments::Present;

/// What is to be known before something is asked for; none where it does not matter, or is not to be had.
pub(super) fn before(client: &Client, command: &Command) -> Option<Status> {
    let matters = match command {
        Command::Drain { .. } | Command::Resume | Command::Unpause { .. } => true,
        Command::Switchover { .. } | Command::Pause { .. } | Command::Reload { .. } => false,
    };
    matters.then(|| client.get(path::STATUS).ok()).flatten()
}

/// What holds now; as [`before`].
pub(super) fn after(client: &Client, command: &Command) -> Option<Status> {
    let matters = match command {
        Command::Drain { .. } | Command::Pause { .. } => true,
        Command::Switchover { .. }
        | Command::Resume
        | Command::Unpause { .. }
        | Command::Reload { .. } => false,
    };
    matters.then(|| client.get(path::STATUS).ok()).flatten()
}

/// The answer, where there was nothing to end in other words.
pub(super) fn truly(answer: Answer, command: &Command, before: Option<&Status>) -> Answer {
    match (answer, before.and_then(|before| nothing(command, before))) {
        (Answer::Done { moves, plan, .. }, Some(text)) => Answer::Done { text, moves, plan },
        (answer, _) => answer,
    }
}

/// That there is nothing to end.
fn nothing(command: &Command, before: &Status) -> Option<String> {
    match command {
        Command::Resume => {
            let yields = before.instances.iter().any(|one| one.yields_to.is_some());
            let holds = before.node.drain.is_some() || yields;
            let text = "nothing to resume: this node is not drained, and takes part in the election as configured";
            (!holds).then(|| text.to_owned())
        }
        Command::Unpause { check } => {
            let known = before.checks.iter().find(|one| one.name == *check)?;
            let text = || format!("nothing to do: {check} was not paused");
            known.paused.is_none().then(text)
        }
        Command::Switchover { .. }
        | Command::Drain { .. }
        | Command::Pause { .. }
        | Command::Reload { .. } => None,
    }
}

/// Until when it holds, what ends it before, and what it replaces.
pub(super) fn notes(
    command: &Command,
    before: Option<&Status>,
    after: Option<&Status>,
    zone: &TimeZone,
) -> Vec<String> {
    let Some(after) = after else {
        return Vec::new();
    };
    let present = Present {
        now_us: after.node.now_us,
        zone: zone.clone(),
    };
    match command {
        Command::Drain { .. } => {
            let end = |drain: &Drain| end(&present, drain.until_us, "standfast resume");
            let now = after.node.drain.as_ref().map(end);
            let replaced = before.and_then(|before| before.node.drain.as_ref());
            let replaced = replaced.map(|drain| {
                let since = present.clock(drain.since_us);
                format!(
                    "it was drained since {since}, {}: that is replaced",
                    end(drain)
                )
            });
            now.into_iter().chain(replaced).collect()
        }
        Command::Pause { check, .. } => {
            let mut checks = after.checks.iter();
            let pause = checks.find(|one| one.name == *check);
            let pause = pause.and_then(|one| one.paused.as_ref());
            // Without an end the answer says it.
            let timed = pause.filter(|pause| pause.until_us.is_some());
            let ends = format!("standfast unpause {check}");
            let note = timed.map(|pause| end(&present, pause.until_us, &ends));
            note.into_iter().collect()
        }
        Command::Switchover { .. }
        | Command::Resume
        | Command::Unpause { .. }
        | Command::Reload { .. } => Vec::new(),
    }
}

/// `until 17:30:00 (in 30m), or standfast resume`.
fn end(present: &Present, until_us: Option<u64>, command: &str) -> String {
    match until_us {
        Some(until) => format!(
            "until {} ({}), or {command}",
            present.clock(until),
            present.ahead(until)
        ),
        None => format!("until {command}"),
    }
}

#[cfg(test)]
mod tests {
    use standfast_api::status::Pause;

    use super::*;
    use crate::status::samples;

    const DRAIN: Command = Command::Drain {
        for_s: None,
        hard: false,
    };

    fn said(command: &Command, before: Option<&Status>, after: &Status) -> Vec<String> {
        notes(command, before, Some(after), &TimeZone::UTC)
    }

    #[test]
    fn a_drain_says_when_it_ends_and_what_it_replaces() {
        let mut after = samples::recovering();
        assert_eq!(
            said(&DRAIN, None, &after),
            ["until 14:28:00 (in 28m), or standfast resume"]
        );
        let before = after.clone();
        if let Some(drain) = &mut after.node.drain {
            drain.until_us = None;
        }
        assert_eq!(
            said(&DRAIN, Some(&before), &after),
            [
                "until standfast resume",
                "it was drained since 13:58:00, until 14:28:00 (in 28m), or standfast resume: that is replaced"
            ]
        );
    }

    #[test]
    fn a_pause_says_when_it_ends() {
        let mut after = samples::healthy();
        let command = Command::Pause {
            check: "chk_nginx".to_owned(),
            for_s: Some(5_400),
        };
        after.checks[0].paused = Some(Pause {
            since_us: after.node.now_us,
            until_us: Some(after.node.now_us + 5_400_000_000),
        });
        let notes = said(&command, None, &after);
        assert!(
            notes[0].ends_with("(in 1h 30m), or standfast unpause chk_nginx"),
            "{notes:?}"
        );
    }

    #[test]
    fn what_was_not_held_is_not_ended() {
        let mut before = samples::healthy();
        let unpause = Command::Unpause {
            check: "chk_nginx".to_owned(),
        };
        assert!(nothing(&Command::Resume, &before).is_some());
        assert!(nothing(&unpause, &before).is_some());
        before.checks[0].paused = Some(Pause {
            since_us: 0,
            until_us: None,
        });
        assert_eq!(nothing(&unpause, &before), None);
        before.instances[0].yields_to = Some([10, 0, 0, 2].into());
        assert_eq!(nothing(&Command::Resume, &before), None);
        assert_eq!(nothing(&Command::Resume, &samples::recovering()), None);
    }
}

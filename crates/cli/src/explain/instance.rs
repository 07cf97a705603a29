//! Why an instance of the running daemon is what it is.

use standfast_api::explain::Explanation;
use standfast_api::path;
use standfast_api::status::Status;
use standfast_config::registry::nearest_of;

use super::nearest_keyword;
use crate::client::{Client, ClientError, Place, encoded};
use crate::output::{Page, Piece, Tone, listed, piece, plain};

/// Names of instances that an error lists.
const NAMES_SHOWN: usize = 8;

/// Why it can't be explained.
#[derive(Debug)]
pub(super) enum NotExplained {
    /// The daemon can't be asked.
    Asking(ClientError),
    /// It is no instance, but this.
    Elsewhere(&'static str),
    /// It has these instances, but none of that name.
    Unknown(Vec<String>),
}

/// Asks the daemon.
pub(super) fn ask(place: &Place, name: &str) -> Result<Explanation, NotExplained> {
    let client = Client::find(place).map_err(NotExplained::Asking)?;
    match client.get(&format!("{}{}", path::EXPLAIN, encoded(name))) {
        Ok(explanation) => Ok(explanation),
        Err(error @ ClientError::Refused { status: 404, .. }) => {
            let status: Status = client.get(path::STATUS).map_err(NotExplained::Asking)?;
            let elsewhere = elsewhere(&status, name);
            let names: Vec<String> = status.instances.into_iter().map(|one| one.name).collect();
            if names.iter().any(|one| one == name) {
                return Err(NotExplained::Asking(error));
            }
            Err(elsewhere.map_or(NotExplained::Unknown(names), NotExplained::Elsewhere))
        }
        Err(error) => Err(NotExplained::Asking(error)),
    }
}

/// What else is called so.
fn elsewhere(status: &Status, name: &str) -> Option<&'static str> {
    let check = status.checks.iter().any(|one| one.name == name);
    let group = status.groups.iter().any(|one| one.name == name);
    let peer = status.peers.iter().any(|one| one.name == name);
    match (check, group, peer) {
        (true, ..) => Some("a check"),
        (_, true, _) => Some("a sync group"),
        (.., true) => Some("another node"),
        _ if status.node.name == name => Some("this node"),
        _ => None,
    }
}

/// That nothing is called so, and what may be meant.
pub(super) fn unknown(name: &str, instances: &[String]) -> String {
    let near = nearest_of(instances.iter().map(String::as_str), name);
    let guess = match near.or_else(|| nearest_keyword(name)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    let there = match instances {
        [] => "the daemon has no instance".to_owned(),
        names => {
            let names = listed(names.iter().map(String::as_str), NAMES_SHOWN);
            format!("the daemon has {names}")
        }
    };
    let text = format!("`{name}` is no instance, no code and no keyword{guess} ({there})");
    standfast_config::printable(&text)
}

/// An explanation in words.
pub(super) fn text(explanation: &Explanation, colour: bool) -> String {
    let mut page = Page::new(colour);
    page.paragraph(0, &headline(explanation));
    let list = |page: &mut Page, title: &str, lines: &[String]| {
        if !lines.is_empty() {
            page.gap();
            page.paragraph(0, &[piece(Tone::Faint, title)]);
        }
        for line in lines {
            page.paragraph(2, &[plain(line)]);
        }
    };
    if !explanation.problems.is_empty() {
        page.gap();
        page.paragraph(0, &[piece(Tone::Faint, "What is wrong")]);
    }
    for problem in &explanation.problems {
        page.paragraph(2, &[piece(Tone::Bad, &problem.text)]);
        if let Some(fix) = &problem.fix {
            page.paragraph(4, &[plain(format!("→ {fix}"))]);
        }
    }
    list(&mut page, "Why", &explanation.why);
    list(&mut page, "What happened last", &explanation.history);
    list(&mut page, "What would change it", &explanation.next);
    page.into_text()
}

/// The sentence, with the name in front where it does not say it.
fn headline(explanation: &Explanation) -> Vec<Piece> {
    let name = piece(Tone::Strong, &explanation.instance);
    match explanation.headline.strip_prefix(&explanation.instance) {
        Some(rest) => vec![name, plain(rest)],
        None => vec![name, plain(": "), plain(&explanation.headline)],
    }
}

#[cfg(test)]
mod tests {
    use standfast_api::explain::Problem;
    use standfast_api::status::State;

    use super::*;
    use crate::snapshot::snapshot;

    fn explanation() -> Explanation {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Explanation {
            instance: "VI_1".into(),
            state: State::Backup,
            headline: "VI_1 is BACKUP since 13:59:19 (41 s); node-b (10.0.0.2) is master with priority 90".into(),
            why: lines(&["its priority is 80 = 100 base − 20 chk_nginx, and node-b's 90 is more"]),
            problems: vec![Problem {
                kind: "check-failed".into(),
                text: "the check chk_nginx fails since 13:59:18: connection refused by 127.0.0.1 port 80".into(),
                fix: Some("start nginx: `systemctl status nginx`, then the address comes back by itself".into()),
            }],
            history: lines(&[
                "13:59:18 chk_nginx failed: connection refused",
                "13:59:19 BACKUP: node-b (10.0.0.2) has priority 90, and our 80 is less",
            ]),
            next: lines(&["it becomes master when chk_nginx passes (100 > 90), or when node-b is silent for 3.6 s"]),
        }
    }

    #[test]
    fn an_explanation_in_words() {
        let said = text(&explanation(), false);
        snapshot("explain.txt", &said);
        assert!(
            said.lines().all(|line| line.chars().count() <= 80),
            "{said}"
        );
    }

    #[test]
    fn what_is_nothing_known_is_answered_with_what_is_near() {
        let names = ["VI_1".to_owned(), "VI_web".to_owned()];
        let said = unknown("VI_wbe", &names);
        assert!(said.contains("did you mean `VI_web`?"), "{said}");
        assert!(said.contains("the daemon has VI_1, VI_web"), "{said}");
        let said = unknown("prioritty", &names);
        assert!(said.contains("did you mean `priority`?"), "{said}");
        assert!(unknown("\u{1b}x", &[]).starts_with("`\u{241b}x` is no instance"));
    }
}

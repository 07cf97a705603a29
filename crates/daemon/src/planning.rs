//! What a reload would change: the differences between two configurations, and what the core would do with the new one.

pub(crate) mod doubts;

use serde_json::Value;
use standfast_api::command::{Change, Plan};
use standfast_config::Config;
use standfast_core::input::{Change as KernelChange, Output};
use standfast_core::journal::{Event, Level};
use standfast_core::{Instant, Node};

use crate::lower;

/// Differences that are listed; of more only the first.
const MAX_CHANGES: usize = 1_000;
/// Effects that are listed.
const MAX_EFFECTS: usize = 1_000;
/// Members by which entries of lists are recognised.
const NAMES: [&str; 4] = ["name", "network", "address", "path"];

/// What the new configuration would do to that node, which is asked in a copy.
pub(crate) fn plan(
    node: &Node,
    now: Instant,
    before: &Config,
    after: &Config,
    new: &lower::Plan,
) -> Plan {
    let (rehearsed, outputs) = node.rehearse(now, new.spec.clone());
    let serving = |node: &Node, name: &str| {
        let mut routers = node.routers();
        routers
            .any(|router| router.spec().name == name && router.is_serving() && !router.is_leaving())
    };
    let stops = node
        .routers()
        .filter(|router| router.is_serving())
        .any(|router| !serving(&rehearsed, &router.spec().name));
    let mut removes = false;
    let mut effects = Vec::new();
    for output in &outputs {
        removes |= matches!(output, Output::Kernel { change: KernelChange::Remove, addresses, .. } if !addresses.is_empty());
        effects.extend(effect(node, output));
    }
    effects.truncate(MAX_EFFECTS);
    let mut changes = changes(before, after);
    changes.extend(secrets(node, new));
    let parted = parted(node, new);
    let parts = !parted.is_empty();
    effects.extend(parted);
    Plan {
        changes,
        effects,
        interrupts: stops || removes || parts,
        findings: Vec::new(),
        doubts: Vec::new(),
    }
}

/// What an output means for whoever uses the addresses; nothing for most.
fn effect(node: &Node, output: &Output) -> Vec<String> {
    match output {
        Output::Event(entry) => match &entry.event {
            Event::Entering { .. }
            | Event::HandingOver { .. }
            | Event::AwaitingSuccessor(_)
            | Event::SentResign
            | Event::FaultAppeared(_)
            | Event::Priority { .. } => vec![entry.to_string()],
            event if event.level() >= Level::Warning => vec![entry.to_string()],
            _ => Vec::new(),
        },
        Output::Kernel {
            change,
            addresses,
            fixtures,
            ..
        } => {
            let (verb, preposition) = match change {
                KernelChange::Add => ("adds", "to"),
                KernelChange::Remove => ("removes", "from"),
            };
            let name = |index| {
                let known = node.interfaces().get(index);
                known.map_or_else(String::new, |it| format!(" {preposition} {}", it.name))
            };
            let addresses = addresses.iter().map(|(index, held)| {
                let (address, prefix) = (held.address, held.prefix);
                format!("{verb} {address}/{prefix}{}", name(*index))
            });
            let fixtures = fixtures.iter().map(|it| format!("{verb} {}", it.text));
            addresses.chain(fixtures).collect()
        }
        _ => Vec::new(),
    }
}

/// Instances that the other nodes do not understand afterwards, unless they change too.
fn parted(node: &Node, new: &lower::Plan) -> Vec<String> {
    let changed = new.spec.routers.iter().filter(|new| {
        let mut routers = node.routers();
        let old = routers.find(|it| it.spec().name == new.name);
        old.is_some_and(|old| {
            let old = old.spec();
            let secret = old.authentication != new.authentication
                || old.header_key != new.header_key
                || old.hmac != new.hmac;
            let place = old.vrid != new.vrid
                || old.interface != new.interface
                || old.group != new.group
                || old.unicast.is_some() != new.unicast.is_some();
            secret || place || old.version != new.version
        })
    });
    let lines = changed.map(|new| {
        format!(
            "({}) this node and the others do not understand each other until they are changed as well: two masters",
            new.name
        )
    });
    lines.collect()
}

/// Passwords and keys that differ; what they are is not shown.
fn secrets(node: &Node, new: &lower::Plan) -> Vec<Change> {
    let pairs = new.spec.routers.iter().filter_map(|new| {
        let mut routers = node.routers();
        let old = routers.find(|it| it.spec().key() == new.key())?;
        Some((old.spec(), new))
    });
    let differ = pairs.filter(|(old, new)| {
        old.authentication != new.authentication
            || old.header_key != new.header_key
            || old.hmac != new.hmac
    });
    let changes = differ.map(|(_, new)| Change {
        subject: format!("instance {}", new.name),
        what: "authentication".into(),
        before: Some("(hidden)".into()),
        after: Some("(hidden, and another)".into()),
    });
    changes.collect()
}

/// Every difference, by the name of what it is in.
fn changes(before: &Config, after: &Config) -> Vec<Change> {
    let (Ok(before), Ok(after)) = (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    compare("", "", &before, &after, &mut found);
    found.truncate(MAX_CHANGES);
    found
}

fn compare(subject: &str, what: &str, before: &Value, after: &Value, found: &mut Vec<Change>) {
    if before == after || found.len() >= MAX_CHANGES {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in new {
                let was = old.get(key).unwrap_or(&Value::Null);
                let (subject, what) = below(subject, what, key);
                compare(&subject, &what, was, value, found);
            }
            for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
                let (subject, what) = below(subject, what, key);
                compare(&subject, &what, value, &Value::Null, found);
            }
        }
        (Value::Array(old), Value::Array(new)) if is_named(old) && is_named(new) => {
            compare_named(subject, what, old, new, found);
        }
        (old, new) => found.push(Change {
            subject: subject.to_owned(),
            what: what.to_owned(),
            before: shown(old),
            after: shown(new),
        }),
    }
}

/// The first two members are the thing, all others its keyword.
fn below(subject: &str, what: &str, key: &str) -> (String, String) {
    match (subject, what) {
        ("", _) => (key.to_owned(), String::new()),
        (subject, "") => (subject.to_owned(), key.to_owned()),
        (subject, what) => (subject.to_owned(), format!("{what} {key}")),
    }
}

fn compare_named(subject: &str, what: &str, old: &[Value], new: &[Value], found: &mut Vec<Change>) {
    let named = |list: &'_ [Value], name: &Value| -> Option<Value> {
        list.iter().find(|it| name_of(it) == Some(name)).cloned()
    };
    let order =
        |list: &[Value]| -> Vec<Value> { list.iter().filter_map(name_of).cloned().collect() };
    for entry in new {
        let Some(name) = name_of(entry) else { continue };
        let (subject, what) = entry_of(subject, what, name);
        match named(old, name) {
            Some(was) => compare(&subject, &what, &was, entry, found),
            None => found.push(whole(subject, what, "added")),
        }
    }
    for entry in old {
        let Some(name) = name_of(entry) else { continue };
        if named(new, name).is_none() {
            let (subject, what) = entry_of(subject, what, name);
            found.push(whole(subject, what, "removed"));
        }
    }
    let (was, is) = (order(old), order(new));
    let same = was.len() == is.len() && was.iter().all(|name| is.contains(name));
    if same && was != is {
        found.push(whole(subject.to_owned(), what.to_owned(), "another order"));
    }
}

fn whole(subject: String, what: String, word: &str) -> Change {
    let what = match what.as_str() {
        "" => word.to_owned(),
        what => format!("{what} {word}"),
    };
    Change {
        subject,
        what,
        before: None,
        after: None,
    }
}

/// `instances` and `VI_1` are `instance VI_1`.
fn entry_of(subject: &str, what: &str, name: &Value) -> (String, String) {
    let name = shown(name).unwrap_or_default();
    match what {
        "" => {
            let kind = match subject {
                "sync_groups" => "sync group",
                plural => plural.strip_suffix('s').unwrap_or(plural),
            };
            (format!("{kind} {name}"), String::new())
        }
        what => (subject.to_owned(), format!("{what} {name}")),
    }
}

/// Whether each entry has a name, and no other one has it too.
fn is_named(list: &[Value]) -> bool {
    let alone = |(position, entry): (usize, &Value)| {
        let name = name_of(entry);
        let before = list.iter().take(position);
        name.is_some() && before.into_iter().all(|other| name_of(other) != name)
    };
    // Every pair is looked at: a list that long is shown as a whole.
    list.len() <= MAX_CHANGES && list.iter().enumerate().all(alone)
}

fn name_of(entry: &Value) -> Option<&Value> {
    let entry = entry.as_object()?;
    let names = NAMES.iter().filter_map(|name| entry.get(*name));
    names.into_iter().find(|it| it.is_string())
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(before: &Value, after: &Value) -> Vec<String> {
        let mut found = Vec::new();
        compare("", "", before, after, &mut found);
        let line = |it: &Change| {
            let arrow = match (&it.before, &it.after) {
                (None, None) => String::new(),
                (old, new) => format!(" {old:?} {new:?}"),
            };
            format!("{}: {}{arrow}", it.subject, it.what)
        };
        found.iter().map(line).collect()
    }

    #[test]
    fn entries_are_known_by_their_names_and_not_by_their_places() {
        let before = json!({"instances": [
            {"name": "A", "priority": 1, "addresses": [{"network": "10.0.0.1/24", "peer": null}, {"network": "10.0.0.2/24", "peer": null}]},
            {"name": "B", "priority": 1, "addresses": []}]});
        let after = json!({"instances": [
            {"name": "C", "priority": 1, "addresses": []},
            {"name": "A", "priority": 2, "addresses": [{"network": "10.0.0.2/24", "peer": null}, {"network": "10.0.0.3/24", "peer": null}]}]});
        assert_eq!(
            lines(&before, &after),
            [
                "instance C: added",
                "instance A: addresses 10.0.0.3/24 added",
                "instance A: addresses 10.0.0.1/24 removed",
                "instance A: priority Some(\"1\") Some(\"2\")",
                "instance B: removed",
            ]
        );
        assert!(lines(&before, &before).is_empty());
    }

    #[test]
    fn lists_without_names_are_shown_whole() {
        let (before, after) = (
            json!({"global": {"cpus": [1]}}),
            json!({"global": {"cpus": [1, 2]}}),
        );
        assert_eq!(
            lines(&before, &after),
            ["global: cpus Some(\"[1]\") Some(\"[1,2]\")"]
        );
        let twice = |number| json!({"checks": [{"name": "x", "n": 1}, {"name": "x", "n": number}]});
        assert_eq!(lines(&twice(1), &twice(2)).len(), 1);
    }
}

//! What makes a new configuration look like a slip rather than a wish: errors that the one in force does not have, and instances
//! that vanish, or lose every address, although they still stand in the file.

use standfast_config::{Diagnostic, Loaded, Severity, Span, VrrpInstance};
use standfast_core::Node;
use standfast_core::router::Router;

use crate::lower;
use crate::reading::Facts;

/// Doubts that are told; the first ones are enough to look at the file.
const MAX_DOUBTS: usize = 20;
/// Bytes to either side of a finding in which its line is looked for.
const REACH: usize = 4 * 1024;

/// Each with its place in the file, those about instances first. `in_force`: what is known of the configuration that runs.
pub(crate) fn doubts(
    node: &Node,
    in_force: &Facts,
    loaded: &Loaded,
    new: &lower::Plan,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if loaded.config.instances.is_empty() && node.routers().next().is_some() {
        let text = "the new configuration has no instance at all: everything that runs would end";
        found.push(text.to_owned());
    }
    for router in node.routers() {
        found.extend(vanishing(router, loaded, new));
    }
    let mut known = in_force.errors.clone();
    for error in loaded.diagnostics.iter().filter(|it| is_error(it)) {
        match known.iter().position(|message| *message == error.message) {
            Some(place) => {
                known.swap_remove(place);
            }
            None => found.push(format!("{}{}", place(loaded, error.primary), told(error))),
        }
    }
    found.truncate(MAX_DOUBTS);
    found
}

/// An error, as [`Facts`] counts them.
pub(crate) fn is_error(found: &Diagnostic) -> bool {
    found.severity == Severity::Error
}

/// A router that would be gone, or have no address, while its block is there.
fn vanishing(router: &Router, loaded: &Loaded, new: &lower::Plan) -> Option<String> {
    let name = &router.spec().name;
    let serves = match router.is_serving() && !router.is_leaving() {
        true => ", which serves now,",
        false => "",
    };
    router.spec().all_addresses().next()?;
    let named = |one: &&VrrpInstance| one.name.value == *name;
    if let Some(instance) = loaded.config.instances.iter().find(named) {
        let is_bare = instance.addresses.is_empty() && instance.excluded_addresses.is_empty();
        let place = place(loaded, instance.name.span);
        let text = "would lose all its addresses, though its block is still there";
        return is_bare.then(|| format!("{place}instance {name}{serves} {text}"));
    }
    let key = router.spec().key();
    if new.spec.routers.iter().any(|one| one.key() == key) {
        // It has got another name.
        return None;
    }
    let mut findings = loaded.diagnostics.iter();
    let about = findings.find(|it| it.severity > Severity::Note && stands_in(loaded, it, name))?;
    let place = place(loaded, about.primary);
    let why = told(about);
    Some(format!(
        "{place}instance {name}{serves} would be gone, though its name still stands here: {why}"
    ))
}

/// Whether the line that a finding is about has that word.
fn stands_in(loaded: &Loaded, found: &Diagnostic, word: &str) -> bool {
    let Some(file) = loaded.sources.file(found.primary.file) else {
        return false;
    };
    let at = found.primary.start().min(file.bytes().len());
    let (before, after) = file.bytes().split_at(at);
    let end = |byte: &u8| *byte == b'\n';
    let before = before.rsplit(end).next().unwrap_or_default();
    let after = after.split(end).next().unwrap_or_default();
    let near = before.get(before.len().saturating_sub(REACH)..);
    let line = [
        near.unwrap_or_default(),
        after.get(..after.len().min(REACH)).unwrap_or_default(),
    ];
    let line = String::from_utf8_lossy(&line.concat()).into_owned();
    let mut words = line.split(|letter: char| letter.is_whitespace() || letter == '{');
    words.any(|one| one.trim_matches('"') == word)
}

fn place(loaded: &Loaded, span: Span) -> String {
    match loaded.sources.locate(span) {
        Some(place) => format!("{}:{}:{}: ", place.path.display(), place.line, place.column),
        None => String::new(),
    }
}

fn told(found: &Diagnostic) -> String {
    match &found.help {
        Some(help) => format!("{} ({help})", found.message),
        None => found.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};
    use standfast_core::{Input, Instant};

    use super::*;

    const GOOD: &str = "vrrp_instance A {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        10.0.0.1/24\n    }\n}\n\
        vrrp_instance B {\n    interface eth0\n    virtual_router_id 52\n    virtual_ipaddress {\n        10.0.0.2/24\n    }\n}\n";

    fn loaded(text: &str) -> Loaded {
        let source = MemorySource::with("/k.conf", text);
        load(
            &["/k.conf".into()],
            &source,
            &NoEnvironment,
            &LoadOptions::default(),
        )
    }

    /// What a node that runs the one text would say of the other.
    fn said(before: &str, after: &str) -> Vec<String> {
        let (before, after) = (loaded(before), loaded(after));
        let mut node = Node::new();
        let spec = lower::plan(&before.config).spec;
        node.handle_input(Instant(0), Input::Spec(Box::new(spec)));
        let new = lower::plan(&after.config);
        doubts(&node, &Facts::of(&before), &after, &new)
    }

    #[track_caller]
    fn doubted(after: &str, phrases: &[&str]) {
        let said = said(GOOD, after).join("\n");
        for phrase in phrases {
            assert!(said.contains(phrase), "{phrase}: {said}");
        }
    }

    #[test]
    fn slips_are_doubted_with_their_place() {
        let swap = |old: &str, new: &str| GOOD.replacen(old, new, 1);
        doubted(
            &swap("virtual_ipaddress {", "virtual_ipaddres {"),
            &["/k.conf:1:15: instance A would lose all its addresses"],
        );
        doubted(
            &swap("10.0.0.1/24", "# 10.0.0.1/24"),
            &["/k.conf:1:15: instance A would lose all its addresses"],
        );
        doubted(
            &swap("vrrp_instance A", "vrrp_instanc A"),
            &[
                "/k.conf:1:1: instance A would be gone",
                "did you mean `vrrp_instance`?",
            ],
        );
        doubted(
            &swap("interface eth0", "interfac eth0"),
            &["instance A would be gone", "`A` has no interface"],
        );
        doubted("# nothing\n", &["no instance at all"]);
        doubted(&swap("    }\n}\n", "    }\n"), &["/k.conf:"]);
    }

    #[test]
    fn wishes_are_not() {
        let second = GOOD.find("vrrp_instance B").unwrap();
        for after in [
            GOOD.to_owned(),
            // Taken out.
            GOOD[..second].to_owned(),
            // Under another name, with another address, another priority.
            GOOD.replace("vrrp_instance A", "vrrp_instance web"),
            GOOD.replace("10.0.0.1/24", "10.0.0.9/24"),
            GOOD.replace("interface eth0", "interface eth0\n    priority 7"),
            // A slip of which keepalived, too, would make little.
            GOOD.replace("interface eth0", "interface eth0\n    prioity 7"),
        ] {
            assert_eq!(said(GOOD, &after), Vec::<String>::new(), "{after}");
        }
    }

    #[test]
    fn an_error_that_is_in_force_already_is_no_news() {
        let bad = format!("{GOOD}}}\n");
        assert_eq!(said(GOOD, &bad).len(), 1, "{:?}", said(GOOD, &bad));
        let moved = format!("\n# Another line.\n{bad}");
        assert_eq!(said(&bad, &moved), Vec::<String>::new());
        let twice = format!("{bad}}}\n");
        assert_eq!(said(&bad, &twice).len(), 1);
    }
}

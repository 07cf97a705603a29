//! The kernel's packet filter rules as `nft -j list ruleset` tells them (libnftables-json(5)).

use std::collections::BTreeMap;

use serde_json::Value;

/// Where something belongs: family, table, name.
pub(super) type Key = (String, String, String);

/// A chain that the kernel calls, or that others jump to.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    /// Where the kernel calls it; `None` for one that is only jumped to.
    pub(super) hook: Option<String>,
    /// It decides about packets (`filter`, `route`), not about addresses (`nat`).
    pub(super) filters: bool,
    pub(super) drops_by_policy: bool,
    pub(super) rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) handle: u64,
    pub(super) statements: Vec<Value>,
}

/// All tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Ruleset {
    pub(super) chains: BTreeMap<Key, Chain>,
    /// Elements of named sets and maps, but for those whose elements come and go with packets and time.
    pub(super) sets: BTreeMap<Key, Vec<Value>>,
    /// Some rule keeps packets from being tracked, so that their state is not known.
    pub(super) untracks: bool,
}

impl Ruleset {
    /// Reads the answer; `None` where it is not what nft prints. Unknown parts are left out.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let answer: Value = serde_json::from_slice(text).ok()?;
        let mut ruleset = Self::default();
        for object in answer.get("nftables")?.as_array()? {
            let entry = object.as_object().and_then(|object| object.iter().next());
            let Some((kind, body)) = entry else { continue };
            match kind.as_str() {
                "chain" => ruleset.add_chain(body),
                "rule" => ruleset.add_rule(body),
                "set" | "map" => ruleset.add_set(body),
                _ => {}
            }
        }
        // nft does not tell which sets are dynamic, but the rules that fill them do.
        let filled: Vec<Key> = ruleset.chains.iter().flat_map(filled_sets).collect();
        for key in filled {
            ruleset.sets.remove(&key);
        }
        Some(ruleset)
    }

    fn add_chain(&mut self, body: &Value) {
        let Some(key) = key(body, "name") else { return };
        let chain = self.chains.entry(key).or_default();
        chain.hook = word(body, "hook").map(str::to_owned);
        chain.filters = word(body, "type").is_some_and(|kind| kind != "nat");
        chain.drops_by_policy = word(body, "policy") == Some("drop");
    }

    fn add_rule(&mut self, body: &Value) {
        let Some(key) = key(body, "chain") else {
            return;
        };
        let statements = body.get("expr").and_then(Value::as_array);
        let statements = statements.cloned().unwrap_or_default();
        self.untracks |= statements.iter().any(|one| one.get("notrack").is_some());
        let handle = body.get("handle").and_then(Value::as_u64).unwrap_or(0);
        let rule = Rule { handle, statements };
        self.chains.entry(key).or_default().rules.push(rule);
    }

    fn add_set(&mut self, body: &Value) {
        let Some(key) = key(body, "name") else { return };
        if body.get("flags").is_some_and(changes_by_itself) {
            return;
        }
        let elements = body.get("elem").and_then(Value::as_array);
        self.sets.insert(key, elements.cloned().unwrap_or_default());
    }
}

/// The sets that a chain's rules add elements to.
fn filled_sets((key, chain): (&Key, &Chain)) -> Vec<Key> {
    let statements = chain.rules.iter().flat_map(|rule| &rule.statements);
    let names = statements.filter_map(|one| one.get("set")?.get("set")?.as_str());
    let names = names.map(|name| name.trim_start_matches('@').to_owned());
    names
        .map(|name| (key.0.clone(), key.1.clone(), name))
        .collect()
}

/// One flag as a word, or several as a list.
fn changes_by_itself(flags: &Value) -> bool {
    match flags {
        Value::String(flag) => matches!(flag.as_str(), "dynamic" | "timeout"),
        Value::Array(all) => all.iter().any(changes_by_itself),
        _ => false,
    }
}

fn key(body: &Value, name: &str) -> Option<Key> {
    let part = |part: &str| word(body, part).map(str::to_owned);
    Some((part("family")?, part("table")?, part(name)?))
}

fn word<'v>(body: &'v Value, name: &str) -> Option<&'v str> {
    body.get(name)?.as_str()
}

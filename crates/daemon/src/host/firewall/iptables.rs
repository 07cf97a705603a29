//! Conditions of iptables-nft that nft names but does not show, read from iptables-save(8).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ruleset::Ruleset;

/// Puts the text's conditions in the place of `xt` statements, where rules and text agree in number.
pub(super) fn complete(ruleset: &mut Ruleset, save: impl Fn(&str) -> Option<String>) {
    for family in ["ip", "ip6"] {
        let hidden = ruleset.chains.iter().any(|((of, _, _), chain)| {
            of == family
                && chain
                    .rules
                    .iter()
                    .any(|rule| rule.statements.iter().any(is_match))
        });
        let Some(text) = hidden.then(|| save(family)).flatten() else {
            continue;
        };
        let lines = rules(&text);
        for ((of, table, name), chain) in &mut ruleset.chains {
            let Some(lines) = lines.get(&(table.as_str(), name.as_str())) else {
                continue;
            };
            if of != family || lines.len() != chain.rules.len() {
                continue;
            }
            for (rule, words) in chain.rules.iter_mut().zip(lines) {
                for statement in rule.statements.iter_mut().filter(|one| is_match(one)) {
                    if let Some(known) = condition(statement, words) {
                        *statement = known;
                    }
                }
            }
        }
    }
}

fn is_match(statement: &Value) -> bool {
    let kind = statement.get("xt").and_then(|xt| xt.get("type"));
    kind.and_then(Value::as_str) == Some("match")
}

/// The words of each rule, by table and chain.
fn rules(text: &str) -> BTreeMap<(&str, &str), Vec<Vec<&str>>> {
    let mut all: BTreeMap<(&str, &str), Vec<Vec<&str>>> = BTreeMap::new();
    let mut table = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('*') {
            table = name.trim();
        }
        let mut words = line.split_whitespace();
        if words.next() == Some("-A")
            && let Some(chain) = words.next()
        {
            all.entry((table, chain)).or_default().push(words.collect());
        }
    }
    all
}

/// The same condition in nft's words; `None` where it has an option that is not known here.
fn condition(statement: &Value, words: &[&str]) -> Option<Value> {
    let name = statement.get("xt")?.get("name")?.as_str()?;
    let start = words
        .windows(2)
        .position(|pair| matches!(pair, ["-m", module] if *module == name))?;
    let own: Vec<&str> = words
        .get(start + 2..)?
        .iter()
        .copied()
        .take_while(|word| !matches!(*word, "-m" | "-j" | "-g"))
        .collect();
    let (negated, option, value) = match own.as_slice() {
        ["!", option, value] => (true, *option, *value),
        [option, value] => (false, *option, *value),
        _ => return None,
    };
    let operator = if negated { "!=" } else { "in" };
    let lower = value.to_ascii_lowercase();
    let left = match (name, option) {
        ("conntrack", "--ctstate") | ("state", "--state") => json!({ "ct": { "key": "state" } }),
        ("addrtype", "--dst-type") => json!({ "fib": { "result": "type", "flags": ["daddr"] } }),
        ("pkttype", "--pkt-type") => json!({ "meta": { "key": "pkttype" } }),
        _ => return None,
    };
    let right: Vec<&str> = lower.split(',').collect();
    Some(json!({ "match": { "op": operator, "left": left, "right": right } }))
}

//! What becomes of a packet on its way through the chains, as far as that can be told.

use serde_json::Value;

use super::packet::{Answer, Direction, Packet};
use super::ruleset::{Chain, Key, Rule, Ruleset};

/// Jumps within jumps (NFT_JUMP_STACK_SIZE of the kernel).
const MAX_DEPTH: usize = 16;
/// Statements that are looked at for one packet; past it nothing can be told.
const MAX_STEPS: usize = 200_000;

/// What drops a packet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Family, table and chain.
    pub(super) chain: Key,
    /// The rule's handle; `None` for the chain's policy.
    pub(super) rule: Option<u64>,
}

/// Everything that may become of a packet from here on.
#[derive(Clone, Debug, Default)]
struct Fate {
    accepted: bool,
    dropped: Option<Place>,
    /// Goes on behind this place.
    passes: bool,
    /// Leaves the chain, to behind the place that it was called from.
    returns: bool,
}

impl Fate {
    fn accepted() -> Self {
        Self {
            accepted: true,
            ..Self::default()
        }
    }

    fn passes() -> Self {
        Self {
            passes: true,
            ..Self::default()
        }
    }

    /// Nothing can be told.
    fn any() -> Self {
        Self {
            accepted: true,
            passes: true,
            ..Self::default()
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            accepted: self.accepted || other.accepted,
            dropped: other.dropped.or(self.dropped),
            passes: self.passes || other.passes,
            returns: self.returns || other.returns,
        }
    }
}

/// What surely drops the packet, if something does: every way that it may take through one chain ends there.
pub(super) fn surely_dropped(
    packet: &Packet<'_>,
    ruleset: &Ruleset,
    leave_out: impl Fn(&str) -> bool,
) -> Option<Place> {
    let hooks: [&str; 2] = match packet.direction {
        Direction::In => ["prerouting", "input"],
        Direction::Out => ["output", "postrouting"],
    };
    let called = ruleset.chains.iter().filter(|((family, table, _), chain)| {
        let hook = chain.hook.as_deref();
        hook.is_some_and(|hook| hooks.contains(&hook))
            && chain.filters
            && packet.is_of(family)
            && !leave_out(table)
    });
    let mut walk = Walk {
        packet,
        ruleset,
        steps: 0,
    };
    called
        .filter_map(|(key, chain)| walk.base_chain(key, chain))
        .next()
}

struct Walk<'a> {
    packet: &'a Packet<'a>,
    ruleset: &'a Ruleset,
    steps: usize,
}

impl Walk<'_> {
    fn base_chain(&mut self, key: &Key, chain: &Chain) -> Option<Place> {
        let fate = self.chain(key, chain, 0);
        if fate.accepted || (fate.passes && !chain.drops_by_policy) {
            return None;
        }
        let policy = fate.passes.then(|| Place {
            chain: key.clone(),
            rule: None,
        });
        policy.or(fate.dropped)
    }

    /// Leaving the chain in any way but a verdict is `passes`.
    fn chain(&mut self, key: &Key, chain: &Chain, depth: usize) -> Fate {
        let mut all = Fate::passes();
        for rule in &chain.rules {
            all.passes = false;
            let next = self.rule(key, rule, depth);
            let goes_on = next.passes;
            all = all.or(next);
            if !goes_on || self.steps > MAX_STEPS {
                break;
            }
        }
        if self.steps > MAX_STEPS {
            return Fate::any();
        }
        all.passes |= all.returns;
        all.returns = false;
        all
    }

    fn rule(&mut self, key: &Key, rule: &Rule, depth: usize) -> Fate {
        let mut certain = true;
        for statement in &rule.statements {
            self.steps += 1;
            let Some((name, body)) = named(statement) else {
                return Fate::any();
            };
            let table = (key.0.as_str(), key.1.as_str());
            match name {
                "match" => match self.packet.answers(body, self.ruleset, table) {
                    Answer::Yes => {}
                    Answer::No => return Fate::passes(),
                    Answer::Unknown => certain = false,
                },
                "counter" | "log" | "notrack" | "mangle" | "last" | "comment" | "ct helper"
                | "secmark" | "set" | "map" => {}
                "xt" => match extension(body) {
                    Extension::Always => {}
                    Extension::Perhaps => certain = false,
                    Extension::Drops => return self.end(key, rule, "drop", body, depth, certain),
                    Extension::Anything => return Fate::any(),
                },
                "accept" | "drop" | "reject" | "return" | "continue" | "jump" | "goto" | "vmap" => {
                    return self.end(key, rule, name, body, depth, certain);
                }
                "limit" | "quota" | "ct count" | "meter" => certain = false,
                // Queues, translations and what is newer than this: it may be accepted there.
                _ => return Fate::any(),
            }
        }
        Fate::passes()
    }

    fn end(
        &mut self,
        key: &Key,
        rule: &Rule,
        name: &str,
        body: &Value,
        depth: usize,
        certain: bool,
    ) -> Fate {
        let fate = if name == "vmap" {
            self.verdict_map(key, rule, body, depth)
        } else {
            self.verdict(key, rule, name, body, depth)
        };
        if certain {
            fate
        } else {
            fate.or(Fate::passes())
        }
    }

    fn verdict(&mut self, key: &Key, rule: &Rule, name: &str, body: &Value, depth: usize) -> Fate {
        match name {
            "accept" => Fate::accepted(),
            "drop" | "reject" => Fate {
                dropped: Some(Place {
                    chain: key.clone(),
                    rule: Some(rule.handle),
                }),
                ..Fate::default()
            },
            "return" => Fate {
                returns: true,
                ..Fate::default()
            },
            "continue" => Fate::passes(),
            "jump" | "goto" if self.steps > MAX_STEPS => Fate::any(),
            "jump" | "goto" => {
                let target = body.get("target").and_then(Value::as_str);
                let key = (
                    key.0.clone(),
                    key.1.clone(),
                    target.unwrap_or_default().to_owned(),
                );
                let (Some(chain), true) = (self.ruleset.chains.get(&key), depth < MAX_DEPTH) else {
                    return Fate::any();
                };
                let mut fate = self.chain(&key, chain, depth + 1);
                if name == "goto" {
                    fate.returns = std::mem::take(&mut fate.passes);
                }
                fate
            }
            _ => Fate::any(),
        }
    }

    /// `vmap`: the verdict of the element that the packet's value is.
    fn verdict_map(&mut self, key: &Key, rule: &Rule, body: &Value, depth: usize) -> Fate {
        let (Some(left), Some(data)) = (body.get("key"), body.get("data")) else {
            return Fate::any();
        };
        let elements = match data.as_str().and_then(|name| name.strip_prefix('@')) {
            Some(name) => {
                let map = (key.0.clone(), key.1.clone(), name.to_owned());
                self.ruleset.sets.get(&map).map(Vec::as_slice)
            }
            None => data.get("set").and_then(Value::as_array).map(Vec::as_slice),
        };
        let Some(elements) = elements else {
            return Fate::any();
        };
        let table = (key.0.as_str(), key.1.as_str());
        let mut all = Fate::default();
        for element in elements {
            let (Some(value), Some((name, target))) =
                (element.get(0), element.get(1).and_then(named))
            else {
                return Fate::any();
            };
            match self.packet.matches_key(left, value, self.ruleset, table) {
                Answer::No => {}
                Answer::Yes => return self.verdict(key, rule, name, target, depth),
                Answer::Unknown => all = all.or(self.verdict(key, rule, name, target, depth)),
            }
        }
        all.or(Fate::passes())
    }
}

/// A statement is an object with one member, or a bare word.
fn named(statement: &Value) -> Option<(&str, &Value)> {
    match statement {
        Value::Object(object) => object
            .iter()
            .next()
            .map(|(name, body)| (name.as_str(), body)),
        Value::String(name) => Some((name, &Value::Null)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// What a part of an iptables rule does that nft knows only by name.
enum Extension {
    Always,
    Perhaps,
    Drops,
    Anything,
}

fn extension(body: &Value) -> Extension {
    let part = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    match (part("type"), part("name")) {
        ("match", "comment") => Extension::Always,
        ("match", _) => Extension::Perhaps,
        ("target", "REJECT" | "DROP") => Extension::Drops,
        (
            "target",
            "LOG" | "NFLOG" | "MARK" | "CONNMARK" | "TRACE" | "CLASSIFY" | "TOS" | "DSCP",
        ) => Extension::Always,
        _ => Extension::Anything,
    }
}

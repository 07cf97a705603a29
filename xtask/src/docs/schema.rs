//! docs/reference/keepalived.schema.json: what `standfast config --as-written` prints.

use serde_json::{Map, Value, json};
use standfast_config::registry::{Block, Keyword, Syntax};

use super::GENERATED;

/// Numbers are written in millionths in the registry.
const MILLIONTHS: f64 = 1_000_000.0;

/// The schema, with one definition for each block.
pub(super) fn text() -> String {
    let blocks = Block::ALL
        .iter()
        .filter(|block| **block != Block::Root && !block.keywords().is_empty());
    let definitions: Map<String, Value> = blocks
        .map(|block| (block.name().to_owned(), object(*block)))
        .collect();
    let mut schema = object(Block::Root);
    if let Value::Object(members) = &mut schema {
        members.insert(
            "$schema".to_owned(),
            "https://json-schema.org/draft/2020-12/schema".into(),
        );
        members.insert("$comment".to_owned(), GENERATED.into());
        members.insert(
            "title".to_owned(),
            "keepalived.conf as it is written".into(),
        );
        members.insert("description".to_owned(), ABOUT.into());
        members.insert("$defs".to_owned(), Value::Object(definitions));
    }
    // It has no key that is not text.
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text + "\n"
}

const ABOUT: &str = "The output of `standfast config --as-written`: one member for each keyword, of several equal ones the last; \
     blocks are lists of objects with what stands between keyword and brace as `name`; lists are lists of their lines. \
     A value that was refused is null, a secret is hidden.";

fn object(block: Block) -> Value {
    let keywords = block.keywords().iter();
    let mut members: Map<String, Value> = keywords
        .map(|keyword| (keyword.name.to_owned(), member(keyword)))
        .collect();
    if block != Block::Root {
        // A keyword of that name (of a DNS_CHECK) comes first.
        members.entry("name").or_insert_with(
            || json!({ "type": "string", "description": "What stands between the keyword and its brace." }),
        );
    }
    json!({
        "type": "object",
        "description": block.doc(),
        "properties": members,
        "additionalProperties": false,
    })
}

/// What a keyword may have as its value.
fn member(keyword: &Keyword) -> Value {
    let mut schema = match value(keyword.syntax) {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    schema.insert("description".to_owned(), description(keyword).into());
    if keyword.deprecated.is_some() {
        schema.insert("deprecated".to_owned(), true.into());
    }
    Value::Object(schema)
}

fn description(keyword: &Keyword) -> String {
    let mut text = keyword.doc.to_owned();
    let unit = keyword.unit.name();
    if !unit.is_empty() {
        text += &format!(" In {unit}.");
    }
    if !keyword.default.is_empty() {
        text += &format!(" Default: {}.", keyword.default);
    }
    if let Some(instead) = keyword.deprecated {
        text += &format!(" Obsolete: use {instead}.");
    }
    text
}

/// The values of a syntax: null is what was refused, and true a keyword alone that may have a value.
fn value(syntax: Syntax) -> Value {
    match syntax {
        Syntax::Flag => json!({ "const": true }),
        Syntax::Bool => json!({ "type": ["boolean", "null"] }),
        Syntax::Integer { min, max } => {
            json!({ "type": ["integer", "null"], "minimum": min, "maximum": max })
        }
        Syntax::OptionalInteger { min, max } => json!({ "anyOf": [
            { "type": ["integer", "null"], "minimum": min, "maximum": max }, { "const": true }
        ] }),
        Syntax::Decimal { min, max, .. } => json!({
            "type": ["number", "null"], "minimum": number(min), "maximum": number(max)
        }),
        Syntax::Choice(words) => {
            let values = words.iter().map(|word| (*word).into());
            json!({ "enum": values.chain([Value::Null]).collect::<Vec<Value>>() })
        }
        Syntax::OptionalWord => json!({ "anyOf": [{ "type": "string" }, { "const": true }] }),
        Syntax::OptionalWords | Syntax::OptionalCommand => json!({ "type": "string" }),
        Syntax::Word | Syntax::Words | Syntax::Address | Syntax::Interface | Syntax::Command => {
            json!({ "type": ["string", "null"] })
        }
        Syntax::Lines => json!({ "type": "array", "items": { "type": "string" } }),
        Syntax::Block(block) | Syntax::Named(block) if block.keywords().is_empty() => json!({
            "type": "array", "items": {
                "type": "object",
                "properties": {
                    "name": { "type": "string" },
                    "entries": { "type": "array", "items": { "type": "string" } },
                },
                "required": ["name", "entries"],
                "additionalProperties": false,
            }
        }),
        Syntax::Block(block) | Syntax::Named(block) => json!({
            "type": "array", "items": { "$ref": format!("#/$defs/{}", block.name()) }
        }),
    }
}

/// Millionths as a number of whole units, which JSON has no other type for.
#[allow(
    clippy::cast_precision_loss,
    reason = "a bound in a schema; the registry's have at most 16 digits"
)]
fn number(millionths: u64) -> Value {
    if millionths.is_multiple_of(1_000_000) {
        return (millionths / 1_000_000).into();
    }
    json!(millionths as f64 / MILLIONTHS)
}

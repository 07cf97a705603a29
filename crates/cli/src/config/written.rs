//! The configuration as it was written, one JSON member per keyword.
//!
//! A block that may stand several times is a list of objects, with what stands between its keyword and its brace as
//! `name`; a list is a list of its lines. Secrets are not shown.

use serde_json::{Map, Number, Value, json};
use standfast_config::SECRETS;
use standfast_config::document::{Item, Written};
use standfast_config::registry::{Keyword, Syntax};

const HIDDEN: &str = "(hidden)";

/// The members of a block.
pub(super) fn block(items: &[Item]) -> Value {
    let mut object = Map::new();
    for item in items {
        let (name, value) = (item.keyword.name.to_owned(), value(item));
        if !repeats(item.keyword) {
            object.insert(name, value);
        } else if let Value::Array(values) = object
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()))
        {
            values.push(value);
        }
    }
    Value::Object(object)
}

/// Whether it may stand several times in a block, each with a meaning of its own.
fn repeats(keyword: &Keyword) -> bool {
    matches!(keyword.syntax, Syntax::Named(_) | Syntax::Block(_))
}

fn value(item: &Item) -> Value {
    if SECRETS.contains(&item.keyword.name) {
        return HIDDEN.into();
    }
    match &item.value {
        Written::Flag => true.into(),
        Written::Bool(on) => (*on).into(),
        Written::Integer(number) => (*number).into(),
        Written::Decimal(number) => decimal(number.get()),
        Written::Text(text) => text.as_str().into(),
        Written::Lines(lines) => lines.as_slice().into(),
        Written::NamedLines { name, lines } => json!({ "name": name, "entries": lines }),
        Written::Block { name, items } => {
            let mut inner = block(items);
            if let (Some(name), Value::Object(object)) = (name, &mut inner) {
                object.insert("name".to_owned(), name.as_str().into());
            }
            inner
        }
        // What was refused has no value.
        Written::Invalid(_) => Value::Null,
    }
}

/// Millionths as a JSON number with just as many digits as it takes.
fn decimal(millionths: u64) -> Value {
    let (whole, rest) = (millionths / 1_000_000, millionths % 1_000_000);
    if rest == 0 {
        return whole.into();
    }
    let text = format!("{whole}.{rest:06}");
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map_or(Value::Null, Value::Number)
}

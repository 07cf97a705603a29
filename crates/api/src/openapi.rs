//! The interface as an OpenAPI 3.1 document, from the types.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::command::{Answer, Command};
use crate::event::{Page, Record};
use crate::explain::Explanation;
use crate::path;
use crate::status::Status;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What is wrong.
    pub error: String,
    /// What can be done about it.
    pub help: String,
}

/// The document as text, with a line's end.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut types = settings.into_generator();
    let paths = paths(&mut types);
    // What only the stream shows.
    of::<Record>(&mut types);
    let schemas = types.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Standfast",
            "version": crate::VERSION,
            "description": "Status, events and commands of a Standfast daemon, on its Unix socket and, without commands, on TCP. \
                Times are microseconds since 1970. Members are added within a version, never renamed or removed: pass over what \
                you do not know.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [
            { "url": "http://localhost", "description": "the Unix socket /run/standfast/control.sock" },
            { "url": "http://127.0.0.1:9650", "description": "`http_listen`, read-only" },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "`http_token_file`, on TCP" },
            },
        },
        "security": [{}, { "token": [] }],
    })
}

fn paths(types: &mut SchemaGenerator) -> Value {
    let explain = format!("{}{{instance}}", path::EXPLAIN);
    json!({
        path::STATUS: get("Everything that is to be seen", &[], json_of::<Status>(types), types),
        explain: get(
            "Why an instance is what it is",
            &[json!({
                "name": "instance", "in": "path", "required": true, "schema": { "type": "string" },
                "description": "its name, percent-encoded",
            })],
            json_of::<Explanation>(types),
            types,
        ),
        path::EVENTS: get(
            "A part of the journal",
            &[
                number("since_us", "not before this time"),
                number("after", "after the entry with this number"),
                number("limit", "at most so many, 100 unless given, 1000 at most"),
                string("subject", "about this instance, check, group or tracked object"),
            ],
            json_of::<Page>(types),
            types,
        ),
        path::STREAM: get(
            "What happens, as server-sent events: `journal` with a Record, `status` with a Status, `gap` where entries were missed",
            &[
                json!({
                    "name": "Last-Event-ID", "in": "header", "schema": { "type": "integer" },
                    "description": "go on after the entry with this number",
                }),
                number("after", "the same, without a header"),
                string("only", "`journal` or `status`"),
            ],
            json!({ "text/event-stream": { "schema": { "type": "string" } } }),
            types,
        ),
        path::COMMAND: command(types),
        path::OPENAPI: get("This document", &[], json!({ "application/json": {} }), types),
        path::METRICS: get(
            "OpenMetrics",
            &[],
            json!({ "application/openmetrics-text": { "schema": { "type": "string" } } }),
            types,
        ),
        path::PAGE: get("The web page", &[], json!({ "text/html": { "schema": { "type": "string" } } }), types),
    })
}

fn of<T: JsonSchema>(types: &mut SchemaGenerator) -> Schema {
    types.subschema_for::<T>()
}

fn json_of<T: JsonSchema>(types: &mut SchemaGenerator) -> Value {
    json!({ "application/json": { "schema": of::<T>(types) } })
}

fn number(name: &str, description: &str) -> Value {
    parameter(name, description, "integer")
}

fn string(name: &str, description: &str) -> Value {
    parameter(name, description, "string")
}

fn parameter(name: &str, description: &str, kind: &str) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": { "type": kind } })
}

fn problems(types: &mut SchemaGenerator) -> Value {
    json!({ "description": "Why there is no answer", "content": json_of::<Problem>(types) })
}

fn get(summary: &str, parameters: &[Value], content: Value, types: &mut SchemaGenerator) -> Value {
    json!({
        "get": {
            "summary": summary,
            "parameters": parameters,
            "responses": {
                "200": { "description": summary, "content": content },
                "default": problems(types),
            },
        },
    })
}

fn command(types: &mut SchemaGenerator) -> Value {
    json!({
        "post": {
            "summary": "Asks for something; on the Unix socket, from root",
            "requestBody": { "required": true, "content": json_of::<Command>(types) },
            "responses": {
                "200": { "description": "It is done", "content": json_of::<Answer>(types) },
                "409": { "description": "It is refused, and nothing was changed", "content": json_of::<Answer>(types) },
                "default": problems(types),
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `$ref` of the document.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match (name.as_str(), member) {
                        ("$ref", Value::String(target)) => found.push(target.clone()),
                        _ => references(member, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_path_of_the_interface_is_described() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        for path in [
            path::STATUS,
            "/v1/explain/{instance}",
            path::EVENTS,
            path::STREAM,
            path::COMMAND,
            path::OPENAPI,
            path::METRICS,
            path::PAGE,
        ] {
            assert!(paths.contains_key(path), "{path}");
        }
        assert_eq!(paths.len(), 8);
    }
}

//! SARIF 2.1.0 (OASIS), the form in which code scanning services take findings.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use standfast_config::{Code, Diagnostic, SourceMap, Span};

use super::{path_text, severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One run with all findings, and the rules that they name.
pub(super) fn report(all: &[(&Diagnostic, &SourceMap)]) -> Value {
    let codes: BTreeSet<Code> = all.iter().map(|(found, _)| found.code).collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code)).collect();
    let results: Vec<Value> = all
        .iter()
        .map(|(found, sources)| result(found, sources))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "standfast",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let mut rule = json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.explanation() },
    });
    if let (Some(page), Some(object)) = (code.page(), rule.as_object_mut()) {
        let help = json!({ "text": page.markdown(), "markdown": page.markdown() });
        object.insert("help".to_owned(), help);
    }
    rule
}

fn result(found: &Diagnostic, sources: &SourceMap) -> Value {
    let mut text = found.message.clone();
    if let Some(help) = &found.help {
        text = format!("{text}. {help}");
    }
    let related: Vec<Value> = found
        .labels
        .iter()
        .map(|(span, text)| {
            let mut place = location(*span, sources);
            if let Some(object) = place.as_object_mut() {
                object.insert("message".to_owned(), json!({ "text": text }));
            }
            place
        })
        .collect();
    json!({
        "ruleId": found.code.as_str(),
        "level": severity(found.severity),
        "message": { "text": text },
        "locations": [location(found.primary, sources)],
        "relatedLocations": related,
    })
}

fn location(span: Span, sources: &SourceMap) -> Value {
    let end = span.at_end();
    let (Some(start), Some(end)) = (sources.locate(span), sources.locate(end)) else {
        return json!({});
    };
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&path_text(start.path)) },
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    }})
}

/// The path as a relative or absolute URI reference (RFC 3986 §4.1).
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if plain(byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

//! What `standfast config --as-written` prints is what docs/reference/keepalived.schema.json says.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::Validator;
use serde_json::Value;
use standfast_config::Micros;
use standfast_config::registry::{Block, Keyword, Syntax};

/// The repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What is written after each keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// The registry's example, or something that fits.
    Example,
    /// The least value.
    Least,
    /// The greatest value.
    Greatest,
    /// Nothing.
    Nothing,
    /// Something that fits no number, choice or address.
    Wrong,
}

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("standfast-schema-{}-{name}.conf", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn validator() -> Validator {
    let path = format!("{ROOT}/docs/reference/keepalived.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    jsonschema::validator_for(&schema).unwrap()
}

/// The file as JSON; errors in it are no matter here.
fn written(file: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_standfast"))
        .args(["config", "--as-written"])
        .arg(file)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn complaints(validator: &Validator, document: &Value) -> Vec<String> {
    let errors = validator.iter_errors(document);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Every keyword of the block and of the blocks within.
fn add_block(text: &mut String, block: Block, words: Words) {
    for keyword in block.keywords() {
        let (name, example) = (keyword.name, keyword.example);
        match keyword.syntax {
            Syntax::Lines => {
                let lines = example.replace("; ", "\n");
                *text += &format!("{name} {{\n{lines}\n}}\n");
            }
            Syntax::Block(inner) | Syntax::Named(inner) => {
                let is_named = matches!(keyword.syntax, Syntax::Named(_)) && example.is_empty();
                let header = if is_named { "name1" } else { example };
                *text += &format!("{name} {header} {{\n");
                if inner == Block::VirtualServerGroup {
                    *text += "10.0.0.1 80\n";
                }
                add_block(text, inner, words);
                *text += "}\n";
            }
            _ => *text += &format!("{name} {}\n", value(keyword, words)),
        }
    }
}

fn value(keyword: &Keyword, words: Words) -> String {
    let decimal = |millionths| Micros(millionths).to_string().replace(" s", "");
    match (words, keyword.syntax) {
        (Words::Nothing, _) | (_, Syntax::Flag) => String::new(),
        (Words::Wrong, _) => "neither-nor-anything".to_owned(),
        (Words::Example, _) if !keyword.example.is_empty() => keyword.example.to_owned(),
        (Words::Least, Syntax::Integer { min, .. } | Syntax::OptionalInteger { min, .. }) => {
            min.to_string()
        }
        (_, Syntax::Integer { max, .. } | Syntax::OptionalInteger { max, .. }) => max.to_string(),
        (Words::Least, Syntax::Decimal { min, .. }) => decimal(min),
        (_, Syntax::Decimal { max, .. }) => decimal(max),
        (Words::Least, Syntax::Choice(choices)) => choices.first().unwrap().to_string(),
        (_, Syntax::Choice(choices)) => choices.last().unwrap().to_string(),
        (Words::Least, Syntax::Bool) => "off".to_owned(),
        (_, Syntax::Bool) => "on".to_owned(),
        (_, Syntax::Address) => "10.0.0.7".to_owned(),
        _ => "/bin/true".to_owned(),
    }
}

/// The keywords that the document lacks, or has no value for where it must; without its value a keyword may be left out.
fn missing(document: &Value, block: Block, words: Words) -> Vec<String> {
    let mut names = Vec::new();
    for keyword in block.keywords() {
        let member = document.get(keyword.name);
        let refused = member.is_none_or(Value::is_null);
        let lacks = member.is_none() && words != Words::Nothing;
        if lacks || (refused && words == Words::Example) {
            names.push(format!("{block:?} {}", keyword.name));
        }
        if let Some(inner) = keyword.opens() {
            let first = member.and_then(|member| member.get(0));
            names.extend(missing(first.unwrap_or(&Value::Null), inner, words));
        }
    }
    names
}

#[test]
fn every_keyword_with_every_kind_of_value_fits() {
    let validator = validator();
    for words in [
        Words::Example,
        Words::Least,
        Words::Greatest,
        Words::Nothing,
        Words::Wrong,
    ] {
        let mut text = String::new();
        add_block(&mut text, Block::Root, words);
        let file = File::new(&format!("{words:?}"), &text);
        let document = written(&file.0);
        assert_eq!(missing(&document, Block::Root, words), [""; 0], "{words:?}");
        assert_eq!(complaints(&validator, &document), [""; 0], "{words:?}");
    }
}

#[test]
fn the_examples_fit() {
    let validator = validator();
    let folder = Path::new(ROOT).join("examples/nginx-ha");
    for name in ["keepalived-master.conf", "keepalived-backup.conf"] {
        let document = written(&folder.join(name));
        assert_eq!(document["vrrp_instance"].as_array().unwrap().len(), 1);
        assert_eq!(complaints(&validator, &document), [""; 0], "{name}");
    }
}

#[test]
fn real_configurations_fit() {
    let Some(directory) = std::env::var_os("STANDFAST_CORPUS").map(PathBuf::from) else {
        println!("skipped: STANDFAST_CORPUS does not name a directory");
        return;
    };
    let validator = validator();
    let entries = std::fs::read_dir(&directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut count = 0;
    for path in paths.filter(|path| path.extension().is_some_and(|end| end == "conf")) {
        let document = written(&path);
        assert_eq!(
            complaints(&validator, &document),
            [""; 0],
            "{}",
            path.display()
        );
        count += 1;
    }
    println!("{count} files of {}", directory.display());
    assert!(count > 0);
}

#[test]
fn what_is_of_another_type_or_unknown_is_refused() {
    let validator = validator();
    let refused = |text: &str| {
        let document = serde_json::from_str(text).unwrap();
        !complaints(&validator, &document).is_empty()
    };
    assert!(!refused(
        r#"{"vrrp_instance": [{"name": "A", "priority": 150}]}"#
    ));
    for text in [
        r#"{"vrrp_instance": [{"name": "A", "priority": "150"}]}"#,
        r#"{"vrrp_instance": [{"name": "A", "priority": 256}]}"#,
        r#"{"vrrp_instance": [{"name": "A", "prioity": 150}]}"#,
        r#"{"vrrp_instance": {"name": "A"}}"#,
        r#"{"vrrp_instance": [{"virtual_ipaddress": "10.0.0.1"}]}"#,
        r#"{"virtual_server": [{"lb_algo": "fastest"}]}"#,
        r#"{"global_defs": [{"vrrp_strict": "on"}]}"#,
    ] {
        assert!(refused(text), "{text}");
    }
}

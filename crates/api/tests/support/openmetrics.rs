//! A reader of OpenMetrics text 1.0 that takes nothing but the format.

use std::collections::{BTreeMap, BTreeSet};

/// A family of metrics.
#[derive(Debug, Default)]
pub struct Family {
    pub kind: String,
    pub unit: Option<String>,
    pub help: String,
    pub samples: Vec<Sample>,
}

/// A sample: the name on its line, its labels, its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// Suffixes of the samples of each type.
const SUFFIXES: [(&str, &[&str]); 5] = [
    ("gauge", &[""]),
    ("counter", &["_total"]),
    ("histogram", &["_bucket", "_sum", "_count"]),
    ("info", &["_info"]),
    ("unknown", &[""]),
];

/// All families by their names; or what is wrong, with its line.
pub fn parse(text: &str) -> Result<BTreeMap<String, Family>, String> {
    let body = text
        .strip_suffix("# EOF\n")
        .ok_or("does not end with # EOF")?;
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in body.split_terminator('\n') {
        let read = match line.strip_prefix("# ") {
            Some(about) => describe(about, &mut families, &mut current),
            None => sample(line).and_then(|sample| take(sample, &current, &mut families)),
        };
        read.map_err(|wrong| format!("{wrong}: {line:?}"))?;
    }
    for (name, family) in &families {
        check(name, family)?;
    }
    Ok(families)
}

/// A line `# HELP name text` and so on; a family's lines stand together, so a new name must be new.
fn describe(
    about: &str,
    families: &mut BTreeMap<String, Family>,
    current: &mut String,
) -> Result<(), String> {
    let mut words = about.splitn(3, ' ');
    let (what, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let rest = words.next().ok_or("nothing is said")?;
    is_name(name, true)?;
    if name != current {
        if families
            .insert(name.to_owned(), Family::default())
            .is_some()
        {
            return Err("its family has been there before".to_owned());
        }
        name.clone_into(current);
    }
    let family = families.get_mut(name).ok_or("no family")?;
    if !family.samples.is_empty() {
        return Err("after samples of its family".to_owned());
    }
    match what {
        "HELP" => rest.clone_into(&mut family.help),
        "TYPE" => rest.clone_into(&mut family.kind),
        "UNIT" if name.ends_with(&format!("_{rest}")) => family.unit = Some(rest.to_owned()),
        _ => return Err("no such line, or the name does not end with the unit".to_owned()),
    }
    Ok(())
}

fn is_name(name: &str, colon: bool) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':');
    let good = name.chars().all(allowed) && !name.starts_with(|c: char| c.is_ascii_digit());
    (good && !name.is_empty())
        .then_some(())
        .ok_or_else(|| format!("{name:?} is no name"))
}

fn take(
    sample: Sample,
    current: &str,
    families: &mut BTreeMap<String, Family>,
) -> Result<(), String> {
    let family = families.get_mut(current).ok_or("a sample of nothing")?;
    let suffix = sample
        .name
        .strip_prefix(current)
        .ok_or("of another family")?;
    let known = SUFFIXES.iter().find(|(kind, _)| *kind == family.kind);
    let (_, suffixes) = known.ok_or("of a family of unknown type")?;
    if !suffixes.contains(&suffix) {
        return Err(format!("{suffix:?} is not of a {}", family.kind));
    }
    family.samples.push(sample);
    Ok(())
}

/// `name{label="value",…} number`
fn sample(line: &str) -> Result<Sample, String> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let (name, mut rest) = line.split_at(end);
    is_name(name, true)?;
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = read_labels(inside, &mut labels)?;
    }
    let number = rest.strip_prefix(' ').ok_or("no space before the value")?;
    if number.contains(' ') {
        return Err("something after the value".to_owned());
    }
    let value = number.replace("+Inf", "inf");
    let value = value.parse().map_err(|_| "no number".to_owned())?;
    let name = name.to_owned();
    Ok(Sample {
        name,
        labels,
        value,
    })
}

/// What comes after `{`; returns what comes after `}`.
fn read_labels<'a>(
    mut text: &'a str,
    labels: &mut BTreeMap<String, String>,
) -> Result<&'a str, String> {
    loop {
        let (name, quoted) = text.split_once("=\"").ok_or("no label")?;
        is_name(name, false)?;
        let (value, rest) = unquote(quoted)?;
        if labels.insert(name.to_owned(), value).is_some() {
            return Err(format!("two labels {name}"));
        }
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        text = rest.strip_prefix(',').ok_or("no comma between labels")?;
    }
}

/// A label's value up to its closing quote, and what comes after that.
fn unquote(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, text.get(at + 1..).unwrap_or(""))),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                _ => return Err("an escape that is none".to_owned()),
            },
            other => value.push(other),
        }
    }
    Err("a value without an end".to_owned())
}

/// What holds for a family as a whole.
fn check(name: &str, family: &Family) -> Result<(), String> {
    if family.kind.is_empty() || family.help.is_empty() {
        return Err(format!("{name} has no type or no help"));
    }
    if name.ends_with("_total") || name.ends_with("_info") {
        return Err(format!(
            "{name} has a suffix of its samples in its own name"
        ));
    }
    let series = |sample: &Sample| format!("{}{:?}", sample.name, sample.labels);
    let distinct: BTreeSet<String> = family.samples.iter().map(series).collect();
    if distinct.len() != family.samples.len() {
        return Err(format!("{name} has a series twice"));
    }
    match family.kind.as_str() {
        "histogram" => check_histogram(name, family),
        "counter" if family.samples.iter().any(|sample| sample.value < 0.0) => {
            Err(format!("{name} counts below 0"))
        }
        _ => Ok(()),
    }
}

/// Classes grow, the last one has no bound, and holds as many as there are. For histograms without other labels.
fn check_histogram(name: &str, family: &Family) -> Result<(), String> {
    let of = |suffix: &str| {
        let wanted = format!("{name}{suffix}");
        let samples = family.samples.iter();
        samples
            .filter(|sample| sample.name == wanted)
            .collect::<Vec<_>>()
    };
    let bound = |sample: &Sample| sample.labels.get("le").map(|le| le.replace("+Inf", "inf"));
    let mut before = (f64::NEG_INFINITY, 0.0);
    for bucket in of("_bucket") {
        let bound = bound(bucket).and_then(|le| le.parse().ok());
        let class = (bound.ok_or("a bucket without le")?, bucket.value);
        if class.0 <= before.0 || class.1 < before.1 {
            return Err(format!("{name}: classes do not grow"));
        }
        before = class;
    }
    let count = of("_count").first().map(|sample| sample.value);
    if before.0 == f64::INFINITY && Some(before.1) == count && of("_sum").len() == 1 {
        return Ok(());
    }
    Err(format!("{name}: no last class, or not all are in it"))
}

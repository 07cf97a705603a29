//! How a keyword is written, in the manner of a manual page.

use super::{Block, Keyword, Release, Syntax, Unit};

impl Unit {
    /// The unit's name, empty for bare numbers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Bytes => "bytes",
        }
    }
}

impl Keyword {
    /// What stands after the keyword: capitals for what is put in, `|` between choices, brackets around what may be left out.
    #[must_use]
    pub fn usage(&self) -> String {
        if !self.arguments.is_empty() {
            return self.arguments.to_owned();
        }
        match self.syntax {
            Syntax::Flag => String::new(),
            Syntax::Bool => "[on|off]".to_owned(),
            Syntax::Integer { .. } | Syntax::Decimal { .. } => self.number().to_owned(),
            Syntax::OptionalInteger { .. } => format!("[{}]", self.number()),
            Syntax::Word => "WORD".to_owned(),
            Syntax::OptionalWord => "[WORD]".to_owned(),
            Syntax::Words => "WORD...".to_owned(),
            Syntax::OptionalWords => "[WORD...]".to_owned(),
            Syntax::Choice(words) => words.join("|"),
            Syntax::Address => "ADDRESS".to_owned(),
            Syntax::Interface => "INTERFACE".to_owned(),
            Syntax::Command => "COMMAND [USER [GROUP]]".to_owned(),
            Syntax::OptionalCommand => "[COMMAND [USER [GROUP]]]".to_owned(),
            Syntax::Lines => "{ LINE... }".to_owned(),
            Syntax::Block(_) => "{ ... }".to_owned(),
            Syntax::Named(_) => "NAME { ... }".to_owned(),
        }
    }

    /// The keyword with what stands after it: `priority NUMBER`.
    #[must_use]
    pub fn statement(&self) -> String {
        format!("{} {}", self.name, self.usage())
            .trim_end()
            .to_owned()
    }

    /// The lines of an example, as they stand in a file; none where the usage tells enough.
    #[must_use]
    pub fn example_lines(&self) -> Vec<String> {
        let Self { name, example, .. } = self;
        if example.is_empty() {
            return Vec::new();
        }
        match self.syntax {
            Syntax::Lines => {
                let lines = example.split("; ").map(|line| format!("    {line}"));
                let opening = std::iter::once(format!("{name} {{"));
                opening.chain(lines).chain(["}".to_owned()]).collect()
            }
            Syntax::Block(_) | Syntax::Named(_) => vec![format!("{name} {example} {{ ... }}")],
            _ => vec![format!("{name} {example}")],
        }
    }

    /// The first release of keepalived that has it, where that is news to somebody with an older one.
    #[must_use]
    pub fn newer_than_all(&self) -> Option<Release> {
        (self.since > Release(2, 0, 0)).then_some(self.since)
    }

    fn number(&self) -> &'static str {
        match self.unit {
            Unit::None => "NUMBER",
            Unit::Seconds => "SECONDS",
            Unit::Milliseconds => "MILLISECONDS",
            Unit::Microseconds => "MICROSECONDS",
            Unit::Bytes => "BYTES",
        }
    }

    /// The values that are accepted, for numbers: `1 to 255`.
    #[must_use]
    pub fn range(&self) -> Option<String> {
        let unit = match self.unit.name() {
            "" => String::new(),
            name => format!(" {name}"),
        };
        match self.syntax {
            Syntax::Integer { min, max } | Syntax::OptionalInteger { min, max } => {
                Some(format!("{min} to {max}{unit}"))
            }
            Syntax::Decimal { min, max, digits } => {
                let text = |millionths: u64| decimal_text(millionths);
                Some(format!(
                    "{} to {}{unit}, up to {digits} decimals",
                    text(min),
                    text(max)
                ))
            }
            _ => None,
        }
    }

    /// The block that the keyword opens.
    #[must_use]
    pub fn opens(&self) -> Option<Block> {
        match self.syntax {
            Syntax::Block(block) | Syntax::Named(block) => Some(block),
            _ => None,
        }
    }
}

impl Block {
    /// The blocks in which it can stand, each with the keyword that opens it there; none for the root.
    #[must_use]
    pub fn opened_by(self) -> Vec<(Self, &'static Keyword)> {
        let openers = |outer: &Self| {
            let outer = *outer;
            let keywords = outer.keywords().iter();
            keywords
                .filter(move |keyword| keyword.opens() == Some(self))
                .map(move |keyword| (outer, keyword))
        };
        Self::ALL.iter().flat_map(openers).collect()
    }
}

/// Millionths as a decimal number without trailing zeros.
fn decimal_text(millionths: u64) -> String {
    let (whole, rest) = (millionths / 1_000_000, millionths % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyword(block: Block, name: &str) -> &'static Keyword {
        block.keyword(name).unwrap()
    }

    #[test]
    fn numbers_show_their_unit_and_range() {
        let delay = keyword(Block::VrrpInstance, "preempt_delay");
        assert_eq!(delay.usage(), "SECONDS");
        assert_eq!(
            delay.range().unwrap(),
            "0 to 1000 seconds, up to 6 decimals"
        );
        let priority = keyword(Block::VrrpInstance, "priority");
        assert_eq!(
            (
                priority.usage().as_str(),
                priority.range().unwrap().as_str()
            ),
            ("NUMBER", "1 to 255")
        );
    }

    #[test]
    fn an_example_is_shown_as_it_stands_in_a_file() {
        let lines = keyword(Block::VrrpInstance, "track_interface").example_lines();
        assert_eq!(lines, ["track_interface {", "    eth1 weight -10", "}"]);
        let server = keyword(Block::Root, "virtual_server").example_lines();
        assert_eq!(server, ["virtual_server 10.0.0.1 80 { ... }"]);
    }

    #[test]
    fn a_block_knows_where_it_stands() {
        let places: Vec<_> = Block::Url
            .opened_by()
            .into_iter()
            .map(|(outer, keyword)| (outer, keyword.name))
            .collect();
        assert_eq!(places, [(Block::HttpGet, "url"), (Block::SslGet, "url")]);
        assert!(Block::Root.opened_by().is_empty());
    }

    #[test]
    fn blocks_are_named() {
        assert_eq!(
            keyword(Block::Root, "vrrp_instance").opens(),
            Some(Block::VrrpInstance)
        );
        assert_eq!(
            keyword(Block::Root, "vrrp_instance").usage(),
            "NAME { ... }"
        );
    }
}

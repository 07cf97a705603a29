//! How a keyword is written, in the manner of a manual page.

use super::{Block, Keyword, Syntax, Unit};

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

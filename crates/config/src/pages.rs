//! The whole story of each code: what it means, what it leads to, and a wrong and a right example.
//!
//! One Markdown file per code in `pages/`. `standfast explain`, the reference in `docs/` and the tests read the same text;
//! a test loads every example and demands that the wrong one draws the code and the right one does not.

use crate::diagnostic::Code;

macro_rules! pages {
    ($($code:literal,)+) => {
        const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("../pages/", $code, ".md"))),)+];
    };
}

pages! {
    "SF0001",
    "SF0002",
    "SF0003",
    "SF0004",
    "SF0005",
    "SF0006",
    "SF0007",
    "SF0008",
    "SF0009",
    "SF0010",
    "SF0011",
    "SF0012",
    "SF0013",
    "SF0020",
    "SF0021",
    "SF0022",
    "SF0023",
    "SF0030",
    "SF0031",
    "SF0032",
    "SF0033",
    "SF0034",
    "SF0035",
    "SF0036",
    "SF0040",
    "SF0041",
    "SF0042",
    "SF0043",
    "SF0045",
    "SF0046",
    "SF0047",
    "SF0048",
    "SF0049",
    "SF0050",
    "SF0051",
    "SF0052",
    "SF0053",
    "SF0054",
    "SF0055",
    "SF0056",
    "SF0057",
    "SF0058",
    "SF0059",
    "SF0060",
    "SF0061",
    "SF0062",
    "SF0063",
    "SF0064",
    "SF0065",
    "SF0066",
    "SF0067",
    "SF0068",
    "SF0069",
    "SF0070",
    "SF0071",
    "SF0072",
    "SF0073",
    "SF0074",
    "SF0075",
    "SF0076",
    "SF0077",
    "SF0078",
    "SF0079",
    "SF0080",
    "SF0081",
    "SF0082",
    "SF0083",
    "SF0084",
    "SF0085",
    "SF0086",
    "SF0087",
    "SF0090",
    "SF0091",
    "SF0092",
    "SF0093",
    "SF0094",
    "SF0095",
    "SF0100",
    "SF0101",
    "SF0102",
    "SF0103",
    "SF0104",
    "SF0105",
    "SF0106",
    "SF0110",
    "SF0111",
    "SF0112",
    "SF0113",
    "SF0120",
    "SF0200",
    "SF0201",
    "SF0202",
    "SF0203",
    "SF0204",
    "SF0205",
    "SF0206",
    "SF0207",
    "SF0208",
    "SF0210",
    "SF0211",
    "SF0212",
    "SF0213",
    "SF0214",
    "SF0215",
    "SF0216",
    "SF0220",
    "SF0221",
    "SF0230",
    "SF0231",
    "SF0232",
    "SF0233",
    "SF0234",
    "SF0235",
    "SF0240",
    "SF0241",
    "SF0242",
    "SF0243",
    "SF0250",
    "SF0260",
    "SF0261",
    "SF0262",
    "SF0270",
    "SF0271",
    "SF0280",
    "SF0281",
    "SF0282",
    "SF0283",
    "SF0284",
    "SF0290",
    "SF0301",
    "SF0302",
    "SF0303",
    "SF0304",
    "SF0305",
    "SF0306",
    "SF0307",
    "SF0308",
    "SF0309",
    "SF0310",
    "SF0311",
    "SF0312",
    "SF0313",
    "SF0314",
    "SF0320",
    "SF0330",
    "SF0331",
    "SF0332",
    "SF0333",
    "SF0334",
    "SF0335",
    "SF0336",
    "SF0337",
    "SF0339",
    "SF0400",
    "SF0401",
    "SF0402",
    "SF0403",
    "SF0404",
    "SF0405",
    "SF0406",
    "SF0407",
    "SF0408",
    "SF0409",
    "SF0410",
    "SF0411",
    "SF0412",
    "SF0413",
    "SF0414",
    "SF0415",
    "SF0416",
    "SF0420",
    "SF0421",
    "SF0422",
    "SF0423",
    "SF0424",
    "SF0425",
    "SF0426",
    "SF0427",
}

/// The page of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    text: &'static str,
}

/// A configuration file in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The file's name where the page has one (` ```conf node-a.conf`), else empty.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl Code {
    /// The code's page.
    #[must_use]
    pub fn page(self) -> Option<Page> {
        let found = PAGES.iter().find(|(code, _)| *code == self.as_str());
        found.map(|(_, text)| Page { text })
    }

    /// The code written as `SF0008`, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let named = |code: &&Self| code.as_str().eq_ignore_ascii_case(name);
        Self::ALL.iter().find(named).copied()
    }
}

impl Page {
    /// The page as Markdown: a title `# SF0008: …`, the story, `## Wrong`, `## Right`.
    #[must_use]
    pub fn markdown(self) -> &'static str {
        self.text
    }

    /// The title without the code.
    #[must_use]
    pub fn title(self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.split_once(": ").map_or(first, |(_, title)| title)
    }

    /// The example that draws the code; several files where it takes several nodes.
    #[must_use]
    pub fn wrong(self) -> Vec<Example> {
        self.examples("## Wrong")
    }

    /// The same without the mistake.
    #[must_use]
    pub fn right(self) -> Vec<Example> {
        self.examples("## Right")
    }

    fn examples(self, heading: &str) -> Vec<Example> {
        let after = self.text.split_once(heading).map_or("", |(_, after)| after);
        let section = after.split("\n## ").next().unwrap_or_default();
        let mut blocks = section.split("```conf").skip(1);
        let example = |block: &'static str| {
            let (name, rest) = block.split_once('\n')?;
            let (text, _) = rest.split_once("```")?;
            let name = name.trim();
            Some(Example { name, text })
        };
        blocks.by_ref().filter_map(example).collect()
    }
}

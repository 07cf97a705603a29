//! What is wrong with a configuration, where, and what keepalived makes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fix::{Edit, Fix};
use crate::reader::Line;
use crate::secret;
use crate::span::Span;

/// Expanded lines whose text is remembered for findings that are made later.
const MAX_EXPANDED_LINES: usize = 10_000;
/// Diagnostics that are kept; the rest is counted (one file of noise has millions).
pub const MAX_DIAGNOSTICS: usize = 500;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the configuration does what it says.
    Note,
    /// Something is not as written: ignored, adjusted, deprecated or not acted on.
    Warning,
    /// The configuration, or an object in it, can't be used as written.
    Error,
}

/// keepalived's own classes of complaint, least in rank first; the highest that occurs decides what `keepalived -t` exits with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeepalivedClass {
    /// A file is not there.
    FileNotFound,
    /// An interface is not there.
    BadInterface,
    /// Nothing can run.
    Fatal,
    /// A pattern for one file matched several.
    MultipleFiles,
    /// A word that is no keyword here.
    UnknownKeyword,
    /// A `{` where none belongs.
    UnexpectedBegin,
    /// No `{` after a block's keyword.
    MissingBegin,
    /// A `}` where none belongs.
    UnexpectedEnd,
    /// The text ended inside a block.
    MissingEnd,
    /// A `"` without its partner.
    UnmatchedQuote,
    /// A keyword without its value: keepalived exits at once.
    MissingParameter,
    /// Not a number, or out of range.
    InvalidNumber,
    /// Any other error.
    General,
    /// A warning.
    Warning,
    /// An obsolete keyword.
    Deprecated,
    /// Scripts that could be abused.
    Security,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// The stable number of a diagnostic's kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in numerical order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as users see it, such as `SF0008`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// One sentence on what the code stands for.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// A line is longer than 1023 bytes.
    LineTooLong = "SF0001",
    /// A line holds a NUL byte and is read up to it.
    NulInLine = "SF0002",
    /// A quotation mark has no partner on its line.
    UnmatchedQuote = "SF0003",
    /// An opening brace stands where no block begins.
    UnexpectedBrace = "SF0004",
    /// A closing brace closes nothing.
    ExtraCloseBrace = "SF0005",
    /// A block's keyword is not followed by an opening brace.
    MissingOpenBrace = "SF0006",
    /// The text ends inside a block.
    MissingCloseBrace = "SF0007",
    /// The word is no keyword in this block.
    UnknownKeyword = "SF0008",
    /// The keyword lacks a value; keepalived exits here.
    MissingParameter = "SF0009",
    /// Words between a list's keyword and its brace are ignored.
    ExtraParameters = "SF0010",
    /// A value is not UTF-8.
    NotUtf8 = "SF0011",
    /// The file begins with a byte order mark, which spoils its first word.
    ByteOrderMark = "SF0012",
    /// A character looks like one of the language's and is another.
    LookAlike = "SF0013",
    /// A file can't be read.
    FileUnreadable = "SF0020",
    /// An include names a file that is not there.
    IncludeNotFound = "SF0021",
    /// An include names something that is not a plain file without execute bits.
    IncludeUnsuitable = "SF0022",
    /// Includes are nested too deeply, or there are too many files.
    IncludeLimit = "SF0023",
    /// Definitions expand without end, or to more text than is allowed.
    ExpansionLimit = "SF0030",
    /// A definition's name or form is wrong.
    MalformedDefinition = "SF0031",
    /// A multi-line definition is used with text after it.
    MultilineNotLast = "SF0032",
    /// A `~SEQ` or `~LST` is malformed.
    MalformedSequence = "SF0033",
    /// A `$NAME` is not defined and stays as it is written.
    Undefined = "SF0034",
    /// There is more text than is read.
    TooMuchText = "SF0035",
    /// No conditional line is for this node.
    NoLineForNode = "SF0036",
    /// The value is not a number.
    InvalidNumber = "SF0040",
    /// The number lies outside the keyword's range.
    OutOfRange = "SF0041",
    /// Text is glued to a number.
    TrailingText = "SF0042",
    /// A number has more digits than are used and was rounded.
    Rounded = "SF0043",
    /// The value is none of the words that are allowed here.
    InvalidChoice = "SF0045",
    /// The value is not an IP address, or not one that fits.
    InvalidAddress = "SF0046",
    /// The word is no option of an address.
    InvalidAddressOption = "SF0047",
    /// A name is longer than the kernel or keepalived allows.
    NameTooLong = "SF0048",
    /// The keyword was given before, and only the first counts.
    AlreadySpecified = "SF0049",
    /// The keyword is obsolete.
    Deprecated = "SF0050",
    /// The keyword takes no value: the word after it is ignored, even `off`.
    FlagWithValue = "SF0051",
    /// Words after the value are ignored.
    IgnoredWords = "SF0052",
    /// The keyword's value fits no rule of the keyword.
    InvalidValue = "SF0053",
    /// A name stands for no number on this host.
    UnknownName = "SF0054",
    /// A route lacks a part that it needs.
    RouteIncomplete = "SF0055",
    /// A routing rule lacks a part that it needs, or its parts do not go together.
    RuleIncomplete = "SF0056",
    /// A route or rule can't be watched, so that nobody notices when it is deleted.
    NotTracked = "SF0057",
    /// A key, or its number, is unusable.
    InvalidKey = "SF0058",
    /// The keyword has no effect without another one, or beside it.
    WithoutEffect = "SF0059",
    /// An instance has no virtual_router_id.
    VridMissing = "SF0060",
    /// An instance has no interface.
    InterfaceMissing = "SF0061",
    /// An interface does not exist on this host.
    InterfaceUnknown = "SF0062",
    /// VRRP can't run on a loopback interface.
    LoopbackInterface = "SF0063",
    /// Two instances share VRID, family and interface.
    DuplicateVrid = "SF0064",
    /// An instance has no virtual address.
    NoVirtualAddress = "SF0065",
    /// A password is longer than 8 bytes and is cut.
    PasswordTruncated = "SF0066",
    /// Authentication is configured but is not used.
    AuthenticationIgnored = "SF0067",
    /// nopreempt has no effect with state MASTER.
    NopreemptCleared = "SF0068",
    /// preempt_delay has no effect here.
    PreemptDelayCleared = "SF0069",
    /// Addresses of both families stand in one list.
    MixedFamilies = "SF0070",
    /// An address is given twice.
    DuplicateAddress = "SF0071",
    /// More addresses than one advertisement holds.
    TooManyAddresses = "SF0072",
    /// The setting contradicts strict mode.
    StrictConflict = "SF0073",
    /// The advertisement interval was rounded or cut for the VRRP version.
    IntervalAdjusted = "SF0074",
    /// The VRRP version does not fit the addresses.
    VersionConflict = "SF0075",
    /// An instance tracks its own interface, which it does anyway.
    OwnInterfaceTracked = "SF0076",
    /// The name is taken.
    DuplicateName = "SF0077",
    /// Unicast settings contradict each other.
    UnicastConflict = "SF0078",
    /// The priority and the state say different things.
    PriorityStateConflict = "SF0079",
    /// A tracked object is not defined (yet).
    TrackedUnknown = "SF0080",
    /// A script is defined but never tracked.
    ScriptUnused = "SF0081",
    /// A script block has no command.
    ScriptWithoutCommand = "SF0082",
    /// A script can't be found or run.
    ScriptNotRunnable = "SF0083",
    /// Scripts run while enable_script_security is off.
    ScriptSecurity = "SF0084",
    /// A user or group does not exist.
    UserUnknown = "SF0085",
    /// Weights have no effect on an address owner.
    OwnerIgnoresWeight = "SF0086",
    /// Two instances want the same virtual MAC address on one interface.
    VirtualMacTaken = "SF0087",
    /// A sync group lacks members, or has only one.
    SyncGroupMembers = "SF0090",
    /// A tracked process, tracked file or group of interfaces lacks what makes it one.
    ObjectIncomplete = "SF0091",
    /// An interface is in two groups.
    InterfaceInTwoGroups = "SF0092",
    /// A list that should hold something is empty.
    EmptyList = "SF0093",
    /// A built-in check has nowhere to connect to.
    InvalidEndpoint = "SF0094",
    /// The control interface has nowhere to listen, or lacks a file.
    InvalidListener = "SF0095",
    /// A virtual server or real server lacks something, or keepalived took a default for it.
    ServiceIncomplete = "SF0100",
    /// Settings of a virtual server or real server contradict each other, and one of them is changed.
    ServiceAdjusted = "SF0101",
    /// A server has another address family than its virtual server.
    ServiceFamily = "SF0102",
    /// The options of a tunnel are wrong or do not go together.
    InvalidTunnel = "SF0103",
    /// A checker lacks what it checks.
    CheckerIncomplete = "SF0104",
    /// A virtual server has the same real server twice.
    DuplicateServer = "SF0105",
    /// A virtual server names a group that is not defined.
    GroupUnknown = "SF0106",
    /// keepalived acts on this keyword, this version does not yet.
    NotActedOn = "SF0110",
    /// This part of the language is not supported yet.
    NotSupported = "SF0111",
    /// The keyword is newer than the keepalived release that is imitated.
    NewerKeyword = "SF0112",
    /// keepalived does not know the keyword; it is Standfast's own.
    OwnKeyword = "SF0113",
    /// A setting is left as it stands in keepalived's sample configuration.
    SampleLeftover = "SF0200",
    /// A virtual address has no prefix length and becomes a single address.
    PrefixMissing = "SF0201",
    /// A virtual address is also the host's own.
    OwnAddress = "SF0202",
    /// A virtual address lies in no network of its interface.
    OutsideNetwork = "SF0203",
    /// A virtual address is the address or the broadcast address of its network.
    NotAHostAddress = "SF0204",
    /// The label of an address belongs to another interface.
    LabelMismatch = "SF0205",
    /// Two instances hold the same address.
    AddressInTwoInstances = "SF0206",
    /// An instance advertises very many addresses.
    ManyAddresses = "SF0207",
    /// The first IPv6 address of an instance is not link-local.
    FirstNotLinkLocal = "SF0208",
    /// Priority 255 claims ownership of the addresses.
    OwnerPriority = "SF0210",
    /// A weight has no effect under nopreempt.
    NopreemptWithWeight = "SF0211",
    /// A weight is so small that it hardly ever moves the address.
    SmallWeight = "SF0212",
    /// Weights lead beyond the range of priorities.
    WeightOverflow = "SF0213",
    /// An instance leaves basic settings to their defaults.
    DefaultsTaken = "SF0214",
    /// A number is written with zeros, a sign or quotes around it.
    OddNumber = "SF0215",
    /// A keyword stands twice in one block, and only one of them counts.
    RepeatedKeyword = "SF0216",
    /// A check may run longer than its interval.
    TimeoutOverInterval = "SF0220",
    /// A check notices a failure later than peers notice a dead node.
    SlowCheck = "SF0221",
    /// A command line holds shell syntax, but no shell runs it.
    ShellSyntax = "SF0230",
    /// A command exists within a shell only.
    ShellBuiltIn = "SF0231",
    /// A program of a check is not installed.
    ProgramNotInstalled = "SF0232",
    /// A component of a script's path can be changed by others, or keeps the script from running.
    ScriptPathUnsafe = "SF0233",
    /// A check script's text shows that its result is not what its author means.
    ScriptText = "SF0234",
    /// A word of a command begins with a typographic dash.
    TypographicDash = "SF0235",
    /// A unicast peer is the node itself.
    PeerIsSelf = "SF0240",
    /// A unicast peer is listed twice.
    DuplicatePeer = "SF0241",
    /// Settings for multicast stand beside unicast peers.
    MulticastWithUnicast = "SF0242",
    /// The source address of advertisements is not an address of the host.
    SourceNotOnHost = "SF0243",
    /// A password is given without the type of authentication, so none is used.
    PasswordWithoutType = "SF0250",
    /// Members of a sync group disagree about what moves them together.
    SyncGroupDiffers = "SF0260",
    /// The weight of a sync group's member is ignored.
    SyncGroupWeight = "SF0261",
    /// An instance is in two sync groups.
    TwoSyncGroups = "SF0262",
    /// Strict mode drops the packets to the virtual addresses.
    StrictDropsPackets = "SF0270",
    /// Strict mode and unicast exclude each other.
    StrictUnicast = "SF0271",
    /// Scripts make a planned move visible to clients.
    ExclusiveHandover = "SF0280",
    /// Fast detection asks for more than hosts can often do.
    FastDetectDemanding = "SF0281",
    /// The interface over HTTP is open to the network.
    HttpUnprotected = "SF0282",
    /// The token of the interface over HTTP can be read on the network.
    HttpTokenInClear = "SF0283",
    /// Every user of the host may ask the daemon.
    ControlOpen = "SF0284",
    /// The configuration has nothing to run.
    NothingToRun = "SF0290",
    /// Nodes of one virtual router have different VRIDs.
    VridDiffers = "SF0301",
    /// Nodes of one virtual router speak different versions of VRRP.
    VersionDiffers = "SF0302",
    /// Nodes of one virtual router advertise at different intervals.
    IntervalDiffers = "SF0303",
    /// Nodes of one virtual router authenticate differently.
    AuthenticationDiffers = "SF0304",
    /// Nodes of one virtual router have different addresses.
    AddressesDiffer = "SF0305",
    /// Nodes of one virtual router give an address different prefix lengths.
    PrefixDiffers = "SF0306",
    /// Nodes of one virtual router send their advertisements in ways that don't meet.
    TransportDiffers = "SF0307",
    /// A node does not send its advertisements to another one.
    PeerMissing = "SF0308",
    /// Two nodes have the same priority.
    SamePriority = "SF0309",
    /// Two nodes have the same router_id.
    SameRouterId = "SF0310",
    /// The node called BACKUP has a higher priority than the one called MASTER.
    StateAgainstPriority = "SF0311",
    /// nopreempt is set where it does nothing.
    NopreemptOnLower = "SF0312",
    /// Only one of the nodes has a virtual router.
    OnlyOneNode = "SF0313",
    /// Nodes don't meet on the peer channel.
    PeerChannelDiffers = "SF0314",
    /// A failing check never moves the address to another node.
    WeightMovesNothing = "SF0320",
    /// A quorum is more than all weights together.
    QuorumUnreachable = "SF0330",
    /// The sorry server is one of the real servers.
    SorryIsReal = "SF0331",
    /// A virtual server is defined twice.
    SameService = "SF0332",
    /// No instance of the file holds a virtual server's address.
    ServiceAddressNotHeld = "SF0333",
    /// A real server has several checks.
    SeveralCheckers = "SF0334",
    /// A sorry server lacks the port of its service.
    SorryWithoutPort = "SF0335",
    /// A real server has no check.
    NoChecker = "SF0336",
    /// All real servers have weight 0.
    NoWeight = "SF0337",
    /// A real server has the virtual server's own address.
    RealIsVirtual = "SF0339",
    /// The host's firewall drops advertisements.
    FirewallDrops = "SF0400",
    /// Another VRRP daemon runs on the host.
    SecondDaemon = "SF0401",
    /// systemd-networkd removes addresses that it did not add.
    NetworkdRemoves = "SF0402",
    /// NetworkManager removes addresses that are not in its profile.
    NetworkManagerRemoves = "SF0403",
    /// The kernel does not answer ARP requests for a virtual address.
    ArpNotAnswered = "SF0404",
    /// Packets to a virtual MAC address are dropped by the reverse path filter.
    StrictReversePath = "SF0405",
    /// Addresses of a subnet go with its first one.
    SecondariesNotPromoted = "SF0406",
    /// IPv6 is disabled on an interface with IPv6 virtual addresses.
    Ipv6Disabled = "SF0407",
    /// The interface of an instance could not take part now.
    InterfaceNotReady = "SF0408",
    /// The host's firewall drops messages of the peer channel.
    PeerChannelBlocked = "SF0409",
    /// The kernel answers ARP requests for a virtual address on another interface only.
    ArpFiltered = "SF0410",
    /// Two interfaces of the host answer ARP requests for a virtual address.
    ArpTwice = "SF0411",
    /// The interface is a bridge that forwards nothing for a while after its link came up.
    BridgeWaits = "SF0412",
    /// The clock is not kept right, and signed advertisements need it.
    ClockNotKept = "SF0413",
    /// Advertisements at short intervals are sent by a process of ordinary priority.
    OrdinaryPriority = "SF0414",
    /// The link of an interface goes down again and again.
    LinkBounces = "SF0415",
    /// A service listens on a virtual address, which it cannot do where the address is not.
    BoundToAddress = "SF0416",
    /// Routers of another service use the same VRID on the network.
    ForeignGroup = "SF0420",
    /// A router of the same VRID speaks another version of VRRP.
    HeardVersion = "SF0421",
    /// A router of the same VRID advertises at another interval.
    HeardInterval = "SF0422",
    /// A router of the same VRID authenticates differently.
    HeardAuthentication = "SF0423",
    /// A router of the same VRID has other addresses.
    HeardAddresses = "SF0424",
    /// Two routers advertise the same virtual router at the same time.
    TwoMasters = "SF0425",
    /// No advertisement of the virtual router was heard.
    NothingHeard = "SF0426",
    /// Advertisements could not be listened for.
    NotListened = "SF0427",
    /// More was found than is shown.
    TooMany = "SF0120",
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind, stable between releases.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence without place or full stop.
    pub message: String,
    /// What it is about.
    pub primary: Span,
    /// Other places that matter, each with a short text; a label on the primary span explains it.
    pub labels: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Option<String>,
    /// A change of the text that certainly mends it.
    pub fix: Option<Fix>,
    /// How the line reads once its definitions and sequences are expanded, where that differs from the text.
    pub expanded: Option<Arc<str>>,
    /// How keepalived classes it, `None` where keepalived is silent.
    pub keepalived_class: Option<KeepalivedClass>,
}

impl Diagnostic {
    fn new(severity: Severity, code: Code, primary: Span, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            severity,
            message,
            primary,
            labels: Vec::new(),
            help: None,
            fix: None,
            expanded: None,
            keepalived_class: None,
        }
    }

    /// A finding that makes something unusable.
    pub fn error(code: Code, primary: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, primary, message)
    }

    /// A finding that changes something.
    pub fn warning(code: Code, primary: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, primary, message)
    }

    /// A remark.
    pub fn note(code: Code, primary: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, primary, message)
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// With a change that certainly mends it: other text in place of `span`, nothing for "remove the line".
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        let text = text.into();
        self.fix = Some(Fix {
            title: title.into(),
            edits: vec![Edit { span, text }],
        });
        self
    }

    /// With another place that matters.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// With keepalived's class of the same complaint.
    #[must_use]
    pub fn class(mut self, class: KeepalivedClass) -> Self {
        self.keepalived_class = Some(class);
        self
    }
}

/// Why keepalived would not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the daemon would exit with.
    pub exit_code: u8,
    /// The finding that stops it.
    pub diagnostic: Diagnostic,
}

/// Collects diagnostics, a bounded number of them, and keepalived's verdict on all of them.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    kept: Vec<Diagnostic>,
    dropped: usize,
    errors: usize,
    highest: Option<KeepalivedClass>,
    refusal: Option<Refusal>,
    /// `keepalived -t` would not come to its end: the exit code it leaves with.
    test_stopped: Option<u8>,
    /// The line being parsed, as it reads after expansion.
    expanded: Option<Arc<str>>,
    /// Expanded lines by the place they were written at; empty where there are several that differ.
    expanded_lines: BTreeMap<Span, Arc<str>>,
}

impl Sink {
    /// Takes a finding, or only counts it once [`MAX_DIAGNOSTICS`] are kept.
    pub(crate) fn push(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.expanded.clone_from(&self.expanded);
        self.highest = self.highest.max(diagnostic.keepalived_class);
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if self.is_full() {
            self.dropped += 1;
        } else {
            self.kept.push(diagnostic);
        }
    }

    /// What is found from now on is found in this line; `None` once all lines were read.
    pub(crate) fn set_line(&mut self, line: Option<&Line>) {
        self.expanded = line
            .and_then(Line::expanded)
            .map(|text| Arc::from(secret::masked(text.to_owned())));
        if let (Some(line), Some(text)) = (line, &self.expanded)
            && self.expanded_lines.len() < MAX_EXPANDED_LINES
        {
            let place = self.expanded_lines.entry(line.whole());
            let known = place.or_insert_with(|| Arc::clone(text));
            if !known.is_empty() && known != text {
                *known = Arc::from("");
            }
        }
    }

    /// How the line at that place reads after expansion.
    fn expanded_at(&self, span: Span) -> Option<Arc<str>> {
        let before = self.expanded_lines.range(..=span.to_end_of_file());
        let (line, text) = before.last()?;
        let covers = line.file == span.file && (line.start()..=line.end()).contains(&span.start());
        covers.then(|| Arc::clone(text))
    }

    /// Takes a finding that keeps keepalived from starting.
    pub(crate) fn refuse(&mut self, exit_code: u8, diagnostic: Diagnostic) {
        if self.refusal.is_none() {
            self.refusal = Some(Refusal {
                exit_code,
                diagnostic: diagnostic.clone(),
            });
        }
        self.push(diagnostic);
    }

    /// Takes a finding unless the last ones hold one of the same kind at the same place, which then gets its labels.
    pub(crate) fn push_unless_there(&mut self, diagnostic: Diagnostic) {
        let same = |kept: &&mut Diagnostic| {
            kept.code == diagnostic.code && kept.primary == diagnostic.primary
        };
        match self.kept.iter_mut().rev().take(4).find(same) {
            Some(kept) => {
                kept.labels.extend(diagnostic.labels);
                self.count(KeepalivedClass::UnknownKeyword);
            }
            None => self.push(diagnostic),
        }
    }

    /// Counts a finding of keepalived's that is not worth one of ours.
    pub(crate) fn count(&mut self, class: KeepalivedClass) {
        self.highest = self.highest.max(Some(class));
    }

    /// Counts a finding that would not be kept anyway, without making its text.
    pub(crate) fn drop_one(&mut self, class: KeepalivedClass) {
        self.count(class);
        self.dropped += 1;
    }

    /// Records that `keepalived -t` exits at once with this code; the first one counts.
    pub(crate) fn stop_test(&mut self, exit_code: u8) {
        self.test_stopped.get_or_insert(exit_code);
    }

    /// Whether further findings are only counted, so that costly texts need not be made.
    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= MAX_DIAGNOSTICS
    }

    /// The code of the latest finding.
    pub(crate) fn last(&self) -> Option<Code> {
        self.kept.last().map(|found| found.code)
    }

    /// Whether a finding of that code is among those kept.
    pub(crate) fn has(&self, code: Code) -> bool {
        self.kept.iter().any(|diagnostic| diagnostic.code == code)
    }

    /// Everything that was found, ordered by place, and keepalived's verdict.
    pub(crate) fn finish(mut self) -> (Vec<Diagnostic>, Verdict) {
        for at in 0..self.kept.len() {
            let late = self.kept.get(at).filter(|one| one.expanded.is_none());
            let text = late.and_then(|one| self.expanded_at(one.primary));
            if let Some(one) = self.kept.get_mut(at) {
                one.expanded = one.expanded.take().or(text);
                // The text at that place may stand for other lines too.
                one.fix = one.fix.take().filter(|_| one.expanded.is_none());
                one.expanded = one.expanded.take().filter(|text| !text.is_empty());
            }
        }
        self.kept
            .sort_by_key(|diagnostic| (diagnostic.primary.file, diagnostic.primary.start()));
        self.kept.dedup();
        if let (Some(last), true) = (self.kept.last(), self.dropped > 0) {
            let text = format!("and {} more findings", self.dropped);
            self.kept
                .push(Diagnostic::note(Code::TooMany, last.primary, text));
        }
        let test_exit = self.test_stopped.unwrap_or(match self.highest {
            None => 0,
            Some(
                KeepalivedClass::FileNotFound
                | KeepalivedClass::BadInterface
                | KeepalivedClass::Fatal,
            ) => 4,
            Some(KeepalivedClass::Security) => 6,
            Some(_) => 5,
        });
        let verdict = Verdict {
            test_exit,
            refusal: self.refusal,
            has_errors: self.errors > 0,
        };
        (self.kept, verdict)
    }
}

/// What all findings together mean.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) test_exit: u8,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) has_errors: bool,
}

//! Includes, conditions, definitions and sequences.

mod common;

use common::{read, read_from};
use standfast_config::{Code, FileKind, Loaded, MemorySource};

fn addresses(loaded: &Loaded) -> Vec<String> {
    let instances = loaded.config.instances.iter();
    instances
        .flat_map(|one| &one.addresses)
        .map(|vip| vip.network.address.to_string())
        .collect()
}

/// What is wrong with the language of the text; what is only unwise is left out.
fn codes(loaded: &Loaded) -> Vec<Code> {
    let all = loaded.diagnostics.iter().map(|one| one.code);
    all.filter(|code| *code < Code::SampleLeftover).collect()
}

/// An instance with these lines as its addresses.
fn with_addresses(lines: &str) -> String {
    format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {{\n{lines}\n}}\n}}\n"
    )
}

#[test]
fn comments_end_lines_outside_double_quotes_only() {
    let loaded = read("global_defs {\nrouter_id \"a#b!c\" # x\n}\n");
    assert_eq!(loaded.config.global.router_id.unwrap().value, "a#b!c");
    let loaded = read("global_defs {\nrouter_id a!b\n}\n");
    assert_eq!(loaded.config.global.router_id.unwrap().value, "a");
    let loaded = read("global_defs {\nrouter_id a\\#b\n}\n");
    assert_eq!(loaded.config.global.router_id.unwrap().value, "a#b");
}

#[test]
fn blocks_may_stand_on_one_line_or_open_on_the_next() {
    let one = "vrrp_instance A{interface eth0\nvirtual_router_id 5\nvirtual_ipaddress{10.0.0.9}}";
    let two = "vrrp_instance A\n{\ninterface eth0\n\"virtual_router_id\" \"5\"\nvirtual_ipaddress\n\n{\n10.0.0.9 }\n}\n";
    for text in [one, two] {
        let loaded = read(text);
        assert_eq!(addresses(&loaded), ["10.0.0.9"], "{text}");
        assert_eq!(loaded.keepalived_test_exit(), 0, "{text}");
    }
}

#[test]
fn a_stray_block_ends_the_block_around_it() {
    let text = "vrrp_instance A {\ninterface eth0\nfoo {\nvirtual_router_id 5\n}\npriority 7\n}\n";
    let loaded = read(text);
    let [instance] = loaded.config.instances.as_slice() else {
        panic!()
    };
    // Taken from within the stray block; what follows it is no longer part of the instance.
    assert_eq!(instance.vrid.value.get(), 5);
    assert_eq!(instance.priority.get(), 100);
    let all = codes(&loaded);
    assert_eq!(
        all.iter()
            .filter(|code| **code == Code::UnknownKeyword)
            .count(),
        2
    );
    assert!(all.contains(&Code::UnexpectedBrace) && all.contains(&Code::ExtraCloseBrace));
}

#[test]
fn definitions_expand_where_a_delimiter_follows() {
    let text = format!(
        "$A=10.0.0\n$B=9\n{}",
        with_addresses("${A}.$B\n${A}.1/24 label $NONE\n$A.3")
    );
    let loaded = read(text);
    assert_eq!(
        addresses(&loaded).first().map(String::as_str),
        Some("10.0.0.9")
    );
    // `$A.3` is no reference, and an undefined name stays as it is.
    assert!(codes(&loaded).contains(&Code::InvalidAddress));
}

#[test]
fn definitions_of_several_lines_become_several_lines() {
    let text = "$BODY= \\\n interface eth0 \\\n virtual_router_id ${_ENV VRID} \\\n virtual_ipaddress { 10.0.0.$N } \nvrrp_instance A {\n$N=8\n$BODY\n}\n";
    let loaded = read(text);
    assert_eq!(addresses(&loaded), ["10.0.0.8"]);
    assert_eq!(loaded.config.instances[0].vrid.value.get(), 77);
}

#[test]
fn predefined_names_are_known() {
    let text = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {\n10.0.0.9 label ${_INSTANCE}${_HASH}x\n}\n}\n";
    assert_eq!(
        read(text).config.instances[0].addresses[0].label.as_deref(),
        Some("A#x")
    );
    let loaded = read("global_defs {\nrouter_id ${_PWD}/${_RANDOM 5 5}\n}\n");
    assert_eq!(
        loaded.config.global.router_id.unwrap().value,
        "/etc/keepalived/5"
    );
}

#[test]
fn lines_for_other_hosts_are_left_out() {
    let loaded = read(
        "global_defs {\n@node1 router_id one\n@node2 router_id two\n@^node1 process_names\n@^x vrrp_strict\n}\n",
    );
    assert_eq!(loaded.config.global.router_id.unwrap().value, "one");
    assert!(!loaded.config.global.process_names && loaded.config.global.strict);
}

#[test]
fn a_definition_that_leads_back_to_itself_is_reported() {
    for text in [
        "$IF=$IF\nglobal_defs {\nrouter_id $IF\n}\n",
        "$A=x ${B}\n$B=${A}\nglobal_defs {\nrouter_id $A\n}\n",
    ] {
        let loaded = read(text);
        assert!(codes(&loaded).contains(&Code::ExpansionLimit), "{text}");
        assert!(loaded.has_errors());
    }
    let loaded = read("$A= \\\n x \\\n $A\n$A\n");
    assert!(codes(&loaded).contains(&Code::ExpansionLimit));
}

#[test]
fn sequences_repeat_a_line() {
    let lines = "~SEQ(n, 2) 10.1.0.$n\n~SEQ(n, 4, 3, 10) 10.2.0.$n\n~SEQ(a, 2) ~SEQ(b, 5, 6) 10.${a}.0.$b\n~LST(v, 7, 8) 10.3.0.$v\n~LST({v,w}, {1,2}, {3,4}) 10.${v}.9.$w";
    let expected = [
        "10.1.0.1",
        "10.1.0.2",
        "10.2.0.4",
        "10.2.0.7",
        "10.2.0.10",
        "10.1.0.5",
        "10.1.0.6",
        "10.2.0.5",
        "10.2.0.6",
        "10.3.0.7",
        "10.3.0.8",
        "10.1.9.2",
        "10.3.9.4",
    ];
    assert_eq!(addresses(&read(with_addresses(lines))), expected);
    let blocks = "$I=vrrp_instance S$n { \\\n interface eth0 \\\n virtual_router_id $n \\\n virtual_ipaddress { 10.0.0.$n } \\\n }\n~SEQ(n, 3) $I\n";
    assert_eq!(
        addresses(&read(blocks)),
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    );
    assert!(codes(&read("~SEQ(n, x) foo\n")).contains(&Code::MalformedSequence));
    assert!(codes(&read("~LST(n\n")).contains(&Code::MalformedSequence));
}

#[test]
fn endless_sequences_are_bounded() {
    let loaded = read("~SEQ(a, 1, 9999999) ~SEQ(b, 1, 9999999) x$a\n");
    assert!(loaded.has_errors());
}

#[test]
fn includes_are_relative_to_the_file_they_stand_in() {
    let mut source =
        MemorySource::with("/etc/keepalived/keepalived.conf", "include conf.d/*.conf\n");
    source.add("/etc/keepalived/conf.d/a.conf", "include inner/x\n");
    source.add("/etc/keepalived/conf.d/inner/x", with_addresses("10.0.0.1"));
    source.add(
        "/etc/keepalived/conf.d/b.conf",
        "global_defs {\nrouter_id b\n}\n",
    );
    source.add_kind(
        "/etc/keepalived/conf.d/c.conf",
        "foo\n",
        FileKind::Executable,
    );
    let loaded = read_from(source);
    assert_eq!(addresses(&loaded), ["10.0.0.1"]);
    assert_eq!(
        loaded
            .config
            .global
            .router_id
            .as_ref()
            .map(|name| name.value.as_str()),
        Some("b")
    );
    assert_eq!(codes(&loaded), [Code::IncludeUnsuitable]);
    assert_eq!(loaded.keepalived_test_exit(), 0);
    let place = loaded
        .sources
        .locate(loaded.config.instances[0].name.span)
        .unwrap();
    assert_eq!(
        place.path.display().to_string(),
        "/etc/keepalived/conf.d/inner/x"
    );
}

#[test]
fn a_file_that_includes_itself_is_reported() {
    let name = "/etc/keepalived/keepalived.conf";
    let loaded = read_from(MemorySource::with(
        name,
        "include keepalived.conf\ninclude keepalived.conf\n",
    ));
    assert!(codes(&loaded).contains(&Code::IncludeLimit));
}

#[test]
fn script_commands_are_split_as_by_a_shell() {
    let argv = |line: &str| {
        let loaded = read(format!("vrrp_script s {{\n{line}\n}}\n"));
        let script = &loaded.config.scripts[0].script;
        match &script.command {
            standfast_config::Command::Argv(argv) => argv.join("|"),
            standfast_config::Command::FileReadable(path) => format!("<{}", path.display()),
        }
    };
    assert_eq!(argv("script \"/bin/x a 'b c'\""), "/bin/x|a|b c");
    assert_eq!(argv("script /bin/x a \"b c\""), "/bin/x|a|b c");
    assert_eq!(argv("script \"killall -0 nginx\""), "killall|-0|nginx");
    assert_eq!(argv("script \"</run/x\""), "</run/x");
}

#[test]
fn lines_that_are_too_long_or_hold_nul_are_ignored() {
    let text = format!(
        "global_defs {{\nrouter_id {}\nrouter_id a\0b\nrouter_id ok\n}}\n",
        "x".repeat(1020)
    );
    let loaded = read(text);
    assert_eq!(
        loaded
            .config
            .global
            .router_id
            .as_ref()
            .map(|name| name.value.as_str()),
        Some("ok")
    );
    assert_eq!(codes(&loaded), [Code::LineTooLong, Code::NulInLine]);
}

#[test]
fn keywords_without_effect_yet_are_reported_once() {
    let server = "virtual_server 10.0.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.0.0.2 80 {\nTCP_CHECK {\nconnect_timeout 3\n}\n}\n}\n";
    let loaded = read(format!(
        "{server}{}",
        server.replace("10.0.0.1", "10.0.0.3")
    ));
    assert_eq!(codes(&loaded), [Code::NotActedOn]);
    assert_eq!(loaded.keepalived_test_exit(), 0);
    assert_eq!(loaded.config.virtual_servers.len(), 2);
}

#[test]
fn hexadecimal_sequences_count_in_hexadecimal() {
    let lines = with_addresses("~SEQx(n, 9, 11) 2001:db8::$n");
    assert_eq!(
        addresses(&read(lines)),
        ["2001:db8::9", "2001:db8::a", "2001:db8::b"]
    );
}

#[test]
fn random_numbers_lie_between_their_bounds() {
    let number = |reference: &str| {
        let text = format!("global_defs {{\nrandom_seed 3\nrouter_id {reference}\n}}\n");
        let name = read(text).config.global.router_id.unwrap().value;
        name.parse::<u64>().unwrap()
    };
    assert!(number("${_RANDOM}") <= 32_767);
    assert!((100..=32_767).contains(&number("${_RANDOM 100}")));
    assert!((100..=102).contains(&number("${_RANDOM 100 102}")));
}

#[test]
fn a_configuration_may_be_a_pattern_for_several_files() {
    let mut source = MemorySource::with("/etc/k/b.conf", "global_defs {\nrouter_id b\n}\n");
    source.add("/etc/k/a.conf", "global_defs {\nrouter_id a\n}\n");
    let options = standfast_config::LoadOptions::default();
    let read =
        |pattern: &str| standfast_config::load(&[pattern.into()], &source, &common::Host, &options);
    // All are read, in the order of their names.
    let loaded = read("/etc/k/*.conf");
    let name = loaded.config.global.router_id.as_ref();
    assert_eq!(name.map(|name| name.value.as_str()), Some("b"));
    assert_eq!(loaded.keepalived_test_exit(), 5);
    let missing = read("/etc/k/*.cnf");
    assert_eq!(codes(&missing), [Code::FileUnreadable]);
}

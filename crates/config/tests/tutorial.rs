//! The configuration that most tutorials show must work unchanged.

use std::path::PathBuf;

use standfast_config::{
    AuthenticationKind, Command, InitialState, LoadOptions, Loaded, MemorySource, Micros,
    NoEnvironment, Severity, Version, load,
};

fn tutorial() -> Loaded {
    let text = include_str!("tutorial.conf");
    let source = MemorySource::with("/etc/keepalived/keepalived.conf", text);
    let paths = [PathBuf::from("/etc/keepalived/keepalived.conf")];
    load(&paths, &source, &NoEnvironment, &LoadOptions::default())
}

#[test]
fn nothing_is_complained_about() {
    let loaded = tutorial();
    let loud: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|one| one.severity > Severity::Note)
        .collect();
    assert!(loud.is_empty(), "{loud:?}");
    assert!(!loaded.has_errors());
    assert_eq!(loaded.keepalived_test_exit(), 0);
    assert_eq!(loaded.keepalived_refusal(), None);
}

#[test]
fn the_instance_has_the_values_of_the_text() {
    let config = tutorial().config;
    assert_eq!(
        config.global.router_id.map(|name| name.value).as_deref(),
        Some("NodeA")
    );
    let [instance] = config.instances.as_slice() else {
        panic!("one instance")
    };
    assert_eq!(instance.name.value, "VI_1");
    assert_eq!(instance.state, InitialState::Master);
    assert_eq!(
        instance.interface.as_ref().map(|name| name.value.as_str()),
        Some("eth0")
    );
    assert_eq!(
        (instance.vrid.value.get(), instance.priority.get()),
        (51, 99)
    );
    assert_eq!(
        (instance.version, instance.advert_int),
        (Version::V2, Micros::from_secs(1))
    );
    let authentication = instance.authentication.unwrap();
    assert_eq!(authentication.kind, AuthenticationKind::Pass);
    assert_eq!(&authentication.password.reveal(), b"1111\0\0\0\0");
    let [vip] = instance.addresses.as_slice() else {
        panic!("one address")
    };
    assert_eq!(
        (vip.network.address.to_string().as_str(), vip.network.prefix),
        ("192.168.1.200", 24)
    );
    let [tracked] = instance.track_scripts.as_slice() else {
        panic!("one script")
    };
    assert_eq!((tracked.weight.value, tracked.weight_given), (-5, false));
    assert!(instance.preempt && instance.accept && instance.unicast.is_none());
    assert_eq!(instance.multicast_group.to_string(), "224.0.0.18");
}

#[test]
fn the_script_has_the_values_of_the_text() {
    let config = tutorial().config;
    let script = config.script("chk_http_port").unwrap();
    assert_eq!(
        script.script.command,
        Command::Argv(vec!["/opt/chk_nginx.sh".to_owned()])
    );
    assert_eq!(
        (script.interval, script.timeout),
        (Micros::from_secs(2), Micros::from_secs(2))
    );
    assert_eq!((script.weight.value, script.weight.reverse), (-5, false));
    assert_eq!((script.fall, script.rise, script.init_fail), (2, 1, false));
}

#[test]
fn the_password_is_never_printed() {
    assert!(!format!("{:?}", tutorial().config).contains("1111"));
}

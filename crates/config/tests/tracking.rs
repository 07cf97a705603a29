//! Tracked processes and files, groups, and the rare parts of instances.

mod common;

use std::path::Path;

use common::read;
use standfast_config::{
    Code, HmacMode, InitialFile, IpvlanMode, KeyMaterial, LinkbeatMethod, Loaded, MacAddress,
    Micros, OldChecksum, ParameterMatch, TrackProcess, VrrpInstance, Weight,
};

fn codes(loaded: &Loaded) -> Vec<Code> {
    let findings = loaded.diagnostics.iter().map(|one| one.code);
    findings
        .filter(|code| !matches!(code, Code::NotActedOn | Code::NewerKeyword))
        .filter(|code| *code < Code::SampleLeftover)
        .collect()
}

fn process(lines: &str) -> TrackProcess {
    let loaded = read(format!("vrrp_track_process p {{\n{lines}\n}}\n"));
    loaded.config.track_processes[0].clone()
}

/// An instance with those lines, after those blocks.
fn instance(before: &str, lines: &str) -> (VrrpInstance, Loaded) {
    let loaded = read(format!(
        "{before}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\n{lines}\nvirtual_ipaddress {{\n10.0.0.9\n}}\n}}\n"
    ));
    (loaded.config.instances[0].clone(), loaded)
}

#[test]
fn one_process_is_enough_unless_more_is_said() {
    let one = process("process nginx");
    assert_eq!((one.quorum, one.quorum_max), (1, None));
    assert_eq!((one.parameters, one.weight.value), (None, 0));
    let one = process(
        "process /usr/sbin/x a \"b c\"\nparam_match partial\nweight 10 reverse\nquorum 2\nquorum_max 9\ndelay 1.5\nfork_delay 3",
    );
    assert_eq!(one.program.value, "/usr/sbin/x");
    assert_eq!(one.parameters, Some(vec!["a".to_owned(), "b c".to_owned()]));
    assert_eq!(one.parameter_match, ParameterMatch::Partial);
    assert_eq!((one.quorum, one.quorum_max), (2, Some(9)));
    assert_eq!(one.fork_delay, Micros::from_secs(3));
    assert_eq!(one.terminate_delay, Micros::from_millis(1500));
}

#[test]
fn a_process_that_must_not_run_needs_no_quorum() {
    let one = process("process nginx\nquorum 1\nquorum_max 0");
    assert_eq!((one.quorum, one.quorum_max), (0, Some(0)));
}

#[test]
fn contradicting_quorums_are_reported() {
    let loaded = read("vrrp_track_process p {\nprocess a\nquorum 5\nquorum_max 3\n}\n");
    assert_eq!(codes(&loaded), [Code::OutOfRange]);
    assert_eq!(loaded.config.track_processes[0].quorum_max, None);
}

#[test]
fn a_file_counts_as_it_is_unless_weighted() {
    let text = "track_file f {\nfile /run/f\ninit_file 5 overwrite\n}\nvrrp_track_file g {\nfile /run/g\nweight -3\n}\n";
    let files = read(text).config.track_files;
    assert_eq!(files[0].path.value, Path::new("/run/f"));
    let initial = InitialFile {
        value: 5,
        overwrite: true,
    };
    assert_eq!(
        (files[0].initial, files[0].weight.value),
        (Some(initial), 1)
    );
    assert_eq!((files[1].initial, files[1].weight.value), (None, -3));
}

#[test]
fn objects_without_their_essence_are_left_out() {
    let loaded = read("track_file f {\nweight 5\n}\nvrrp_track_process p {\nweight 5\n}\n");
    assert_eq!(codes(&loaded), [Code::ObjectIncomplete; 2]);
    assert!(loaded.config.track_files.is_empty() && loaded.config.track_processes.is_empty());
}

#[test]
fn tracking_lines_take_the_objects_weight_unless_they_have_their_own() {
    let objects = "track_file f {\nfile /run/f\nweight 7 reverse\n}\nvrrp_track_process p {\nprocess a\nweight 4\n}";
    let (one, loaded) = instance(
        objects,
        "track_file {\nf\nf weight 2\n}\ntrack_process {\np weight 9\n}",
    );
    let seven = Weight {
        value: 7,
        reverse: true,
    };
    assert_eq!(
        (one.track_files[0].weight, one.track_files.len()),
        (seven, 1)
    );
    assert_eq!(one.track_processes[0].weight.value, 9);
    assert!(one.track_processes[0].weight_span.is_some());
    assert_eq!(codes(&loaded), [Code::AlreadySpecified]);
    let (one, loaded) = instance(objects, "priority 255\ntrack_file {\nf\n}");
    assert_eq!(one.track_files[0].weight.value, 0);
    assert_eq!(codes(&loaded), [Code::OwnerIgnoresWeight]);
}

#[test]
fn sync_groups_track_objects_too() {
    let objects = "track_file f {\nfile /run/f\n}\nvrrp_track_process p {\nprocess a\n}\nbfd_instance b {\nneighbor_ip 10.0.0.2\n}\nvrrp_sync_group G {\ngroup {\nA\n}\ntrack_file {\nf\n}\ntrack_process {\np\n}\ntrack_bfd {\nb weight 3\n}\nsmtp_alert\n}";
    let group = instance(objects, "").1.config.sync_groups.remove(0);
    assert_eq!(group.track_files[0].weight.value, 1);
    assert_eq!(group.track_processes.len(), 1);
    assert_eq!(
        group.track_bfds[0].weight.map(|weight| weight.value),
        Some(3)
    );
    assert!(group.smtp_alert);
}

#[test]
fn static_addresses_may_belong_to_a_group() {
    let before = "track_group g {\ngroup {\nA\nB\n}\n}\nstatic_ipaddress {\n10.9.0.1/24 dev eth1 track_group g\n10.9.0.2 track_group h\n}";
    let config = instance(before, "").1.config;
    let members: Vec<_> = config.track_groups[0]
        .members
        .iter()
        .map(|name| name.value.as_str())
        .collect();
    assert_eq!(members, ["A"]);
    let [first, second] = config.static_addresses.as_slice() else {
        panic!()
    };
    assert_eq!(
        first.track_group.as_ref().map(|name| name.value.as_str()),
        Some("g")
    );
    assert_eq!(
        (first.address.network.prefix, &second.track_group),
        (24, &None)
    );
}

#[test]
fn an_interface_is_in_one_garp_group_only() {
    let loaded = read(
        "garp_group {\ngarp_interval 0.5\ninterfaces {\neth0\neth1\n}\n}\ngarp_group {\ngna_interval 1\ninterface eth0\n}\ngarp_group {\n}\n",
    );
    let groups = &loaded.config.garp_groups;
    assert_eq!(
        (
            groups.len(),
            groups[0].interfaces.len(),
            groups[1].interfaces.len()
        ),
        (2, 2, 0)
    );
    assert_eq!(groups[0].garp_interval, Micros::from_millis(500));
    assert_eq!(
        codes(&loaded),
        [Code::InterfaceInTwoGroups, Code::ObjectIncomplete]
    );
}

#[test]
fn interfaces_are_polled_and_delayed() {
    let loaded = read(
        "linkbeat_interfaces {\neth0\neth1 MII\n}\ninterface_up_down_delays {\neth0 1.5\neth1 1 2\n}\n",
    );
    let methods: Vec<_> = loaded
        .config
        .linkbeat_interfaces
        .iter()
        .map(|one| one.method)
        .collect();
    assert_eq!(methods, [LinkbeatMethod::Any, LinkbeatMethod::Mii]);
    let delays: Vec<_> = loaded
        .config
        .interface_delays
        .iter()
        .map(|one| (one.down.get(), one.up.get()))
        .collect();
    assert_eq!(delays, [(1_500_000, 0), (1_000_000, 2_000_000)]);
    let loaded = read("linkbeat_interfaces {\nnope\n}\n");
    assert_eq!(loaded.keepalived_test_exit(), 4);
}

#[test]
fn delays_are_cut_to_what_peers_wait_for() {
    // As keepalived 2.2.7 dumps them: 1996094 us for 1 s, 5992188 us for 2 s and 4 advertisements.
    let cut = |delay: &str, lines: &str| {
        let (_, loaded) = instance(&format!("interface_up_down_delays {{\n{delay}\n}}"), lines);
        let one = &loaded.config.interface_delays[0];
        assert_eq!(loaded.keepalived_test_exit(), 0, "{delay}");
        let reported = codes(&loaded).contains(&Code::OutOfRange);
        (one.down.get(), one.up.get(), reported)
    };
    assert_eq!(cut("eth0 1.5 1.9", ""), (1_500_000, 1_900_000, false));
    assert_eq!(cut("eth0 1.5 3", ""), (1_500_000, 1_996_094, true));
    assert_eq!(cut("eth0 2 1", ""), (1_996_094, 1_000_000, true));
    let slow = "advert_int 2\ndown_timer_adverts 4";
    assert_eq!(cut("eth0 9 8", slow), (5_992_188, 5_992_188, true));
    assert_eq!(cut("eth0 5 1", slow), (5_000_000, 1_000_000, false));
    assert_eq!(cut("eth0 1 1", "down_timer_adverts 1"), (0, 0, true));
    assert_eq!(cut("eth0", "down_timer_adverts 1"), (0, 0, false));
    // An interface that is only tracked may take its time.
    let tracked = cut("eth1 3 5", "track_interface {\neth1\n}");
    assert_eq!(tracked, (3_000_000, 5_000_000, false));
}

/// Instances A, B and C, the first with those lines, and these groups.
fn groups(lines: &str, groups: &[(&str, &str, &str)]) -> Loaded {
    let mut text =
        "vrrp_script chk {\nscript /bin/true\nweight -9\n}\ntrack_file f {\nfile /run/f\n}\n"
            .to_owned();
    for (name, vrid, lines) in [("A", 5, lines), ("B", 6, ""), ("C", 7, "")] {
        text += &format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\n{lines}\nvirtual_ipaddress {{\n10.0.0.{vrid}/24\n}}\n}}\n"
        );
    }
    for (name, members, lines) in groups {
        text += &format!("vrrp_sync_group {name} {{\ngroup {{\n{members}\n}}\n{lines}\n}}\n");
    }
    read(text)
}

#[test]
fn a_member_stays_in_its_first_group() {
    let members = |loaded: &Loaded| -> Vec<(String, Vec<String>)> {
        let groups = loaded.config.sync_groups.iter();
        groups
            .map(|group| {
                let names = group.members.iter().map(|member| member.value.clone());
                (group.name.value.clone(), names.collect())
            })
            .collect()
    };
    let expected = |groups: &[(&str, &[&str])]| -> Vec<(String, Vec<String>)> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let groups = groups.iter();
        groups
            .map(|(group, names)| ((*group).to_owned(), owned(names)))
            .collect()
    };
    let loaded = groups("", &[("G", "A\nB", ""), ("H", "A\nC", "")]);
    assert_eq!(
        members(&loaded),
        expected(&[("G", &["A", "B"]), ("H", &["C"])])
    );
    let found = |code| loaded.diagnostics.iter().any(|found| found.code == code);
    assert!(found(Code::TwoSyncGroups) && found(Code::SyncGroupMembers));
    let loaded = groups("", &[("G", "A\nB", ""), ("H", "A", "")]);
    assert_eq!(members(&loaded), expected(&[("G", &["A", "B"])]));
    let loaded = groups("", &[("G", "A\nA\nB", "")]);
    assert_eq!(members(&loaded), expected(&[("G", &["A", "B"])]));
}

#[test]
fn a_group_drops_weighted_checks_of_its_members() {
    let tracked = |lines: &str, group: &str| {
        let loaded = groups(lines, &[("G", "A\nB", group)]);
        let reported = loaded
            .diagnostics
            .iter()
            .any(|found| found.code == Code::SyncGroupWeight);
        let one = &loaded.config.instances[0];
        let checks = one.track_scripts.len() + one.track_files.len();
        (checks, one.track_interfaces.len(), reported)
    };
    let script = "track_script {\nchk\n}";
    assert_eq!(tracked(script, ""), (0, 0, true));
    assert_eq!(tracked(script, "sync_group_tracking_weight"), (1, 0, false));
    assert_eq!(
        tracked("track_script {\nchk weight 0\n}", ""),
        (1, 0, false)
    );
    // The usual weight of a file becomes 0; with any other one it is not tracked.
    assert_eq!(tracked("track_file {\nf\n}", ""), (1, 0, true));
    assert_eq!(tracked("track_file {\nf weight -1\n}", ""), (0, 0, true));
    assert_eq!(tracked("track_file {\nf weight 0\n}", ""), (1, 0, false));
    let loaded = groups("track_file {\nf\n}", &[("G", "A\nB", "")]);
    assert_eq!(loaded.config.instances[0].track_files[0].weight.value, 0);
    // Of interfaces keepalived says the same, and counts their weight all the same.
    assert_eq!(
        tracked("track_interface {\neth1 weight -9\n}", ""),
        (0, 1, true)
    );
    assert_eq!(tracked("track_interface {\neth1\n}", ""), (0, 1, false));
}

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn keys_are_kept_and_never_shown() {
    let lines = format!(
        "auth_hmac {{\nkey 1 {KEY}\nkey 2 hex:{KEY}{KEY}\nkey 3 file:/etc/key\nactive_key 2\nmode permissive\n}}"
    );
    let (one, loaded) = instance("", &lines);
    let hmac = one.hmac.unwrap();
    assert_eq!(
        (hmac.keys.len(), hmac.active_key, hmac.mode),
        (3, 2, HmacMode::Permissive)
    );
    assert_eq!(hmac.time_window, Micros::from_secs(5));
    let bytes: Vec<usize> = hmac
        .keys
        .iter()
        .filter_map(|key| match &key.material {
            KeyMaterial::Bytes(secret) => Some(secret.reveal().len()),
            KeyMaterial::File(_) => None,
        })
        .collect();
    assert_eq!(bytes, [32, 32]);
    assert!(!format!("{:?}", loaded.config).contains("0123456789"));
}

#[test]
fn unusable_keys_are_refused() {
    let short = instance("", "auth_hmac {\nkey 1 short\nactive_key 1\n}");
    assert_eq!(codes(&short.1), [Code::InvalidKey; 2]);
    assert_eq!(short.0.hmac, None);
    let inactive = instance("", &format!("auth_hmac {{\nkey 1 {KEY}\nactive_key 2\n}}"));
    assert_eq!(codes(&inactive.1), [Code::InvalidKey]);
    let both = format!(
        "auth_hmac {{\nkey 1 {KEY}\nactive_key 1\n}}\nauthentication {{\nauth_type PASS\nauth_pass x\n}}"
    );
    let (one, loaded) = instance("", &both);
    assert!(one.hmac.is_some() && one.authentication.is_none());
    assert_eq!(codes(&loaded), [Code::AuthenticationIgnored]);
}

#[test]
fn passwords_are_for_ipv4() {
    for kind in ["PASS", "AH"] {
        let loaded = read(format!(
            "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\nversion 2\nauthentication {{\nauth_type {kind}\n\
             auth_pass x\n}}\nvirtual_ipaddress {{\nfe80::9\n}}\n}}\n"
        ));
        assert_eq!(loaded.config.instances[0].authentication, None, "{kind}");
        assert!(codes(&loaded).contains(&Code::AuthenticationIgnored));
    }
}

#[test]
fn under_strict_mode_signatures_are_enforced() {
    for mode in ["enforce", "permissive", "receive-only"] {
        let lines =
            format!("auth_hmac {{\nkey 1 {KEY}\nactive_key 1\nmode {mode}\n}}\nstrict_mode on");
        let (one, loaded) = instance("", &lines);
        assert_eq!(one.hmac.unwrap().mode, HmacMode::Enforce, "{mode}");
        let complains = codes(&loaded).contains(&Code::StrictConflict);
        assert_eq!(complains, mode != "enforce", "{mode}");
    }
}

#[test]
fn virtual_macs_have_names_addresses_and_groups() {
    let vmac = |line: &str| instance("", line).0.vmac.unwrap();
    let one = vmac("use_vmac foo 02:00:00:00:01\nvmac_xmit_base");
    assert_eq!(one.name.as_deref(), Some("foo"));
    // Five bytes are completed by the VRID.
    assert_eq!(one.mac, Some(MacAddress([2, 0, 0, 0, 1, 5])));
    assert!(one.transmit_base);
    let one = vmac("use_vmac name bar group 3 netlink_notify_msg");
    assert_eq!(
        (one.name.as_deref(), one.group, one.netlink_notify),
        (Some("bar"), Some(3), true)
    );
    assert_eq!(vmac("use_vmac 00:00:5e:00:01:07").mac, None);
    assert_eq!(vmac("use_vmac lo").name, None);
    assert_eq!(
        codes(&instance("", "vmac_xmit_base").1),
        [Code::WithoutEffect]
    );
}

#[test]
fn ipvlan_needs_an_address() {
    let (one, loaded) = instance("", "use_ipvlan foo 10.0.0.5/24 vepa");
    let ipvlan = one.ipvlan.unwrap();
    assert_eq!(
        (ipvlan.mode, ipvlan.address.map(|network| network.prefix)),
        (IpvlanMode::Vepa, Some(24))
    );
    assert!(codes(&loaded).is_empty());
    assert_eq!(codes(&instance("", "use_ipvlan").1), [Code::WithoutEffect]);
}

#[test]
fn rare_keywords_of_instances_are_kept() {
    let (one, _) = instance(
        "global_defs {\nvrrp_garp_extra_if all 60\n}",
        "debug 3\nnotify_deleted\nuse_vmac_addr\nlvs_sync_daemon_interface eth1",
    );
    assert_eq!(
        (one.debug, one.tells_deletion, one.vmac_addresses),
        (3, true, true)
    );
    let extra = one.extra_garp.unwrap();
    assert_eq!((extra.interval, extra.all), (Micros::from_secs(60), true));
    let (one, loaded) = instance(
        "global_defs {\nvrrp_garp_extra_if 60\n}",
        "garp_extra_if 0\nold_unicast_checksum never",
    );
    assert_eq!(
        (one.extra_garp, one.old_checksum),
        (None, OldChecksum::Never)
    );
    // It is for unicast.
    assert_eq!(codes(&loaded), [Code::UnicastConflict]);
}

//! Tracking lists of configurations, and what they become.

use super::*;
use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};

fn plan(text: &str) -> Plan {
    let source = MemorySource::with("/k.conf", text);
    let options = LoadOptions::default();
    let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
    super::super::plan(&loaded.config)
}

fn instance(priority: u8, tracking: &str) -> String {
    format!(
        "track_file f {{\n file /run/f\n weight 2\n init_file 7 overwrite\n}}\n\
         vrrp_track_process p {{\n process nginx\n quorum 2\n delay 3\n}}\n\
         vrrp_track_process unused {{\n process other\n}}\n\
         vrrp_track_process never {{\n process /usr/sbin/nginx\n}}\n\
         bfd_instance b {{\n neighbor_ip 192.0.2.9\n weight -20\n}}\n\
         interface_up_down_delays {{\n eth1 1.5 0.5\n}}\n\
         vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n\
         {tracking}\n virtual_ipaddress {{\n 192.0.2.100\n }}\n}}\n"
    )
}

const TRACKING: &str =
    " track_file {\n f\n }\n track_process {\n p weight 5 reverse\n }\n track_bfd {\n b\n }";

fn weights(plan: &Plan) -> Vec<(Tracked, i16, bool)> {
    let tracks = plan.spec.routers.iter().flat_map(|router| &router.tracks);
    tracks
        .map(|track| {
            (
                track.object.clone(),
                track.weight.value,
                track.weight.reverse,
            )
        })
        .collect()
}

#[test]
fn files_processes_and_sessions_are_tracked_with_the_weight_in_force() {
    let plan = plan(&instance(100, TRACKING));
    let expected = [
        (Tracked::File("f".into()), 2, false),
        (Tracked::Process("p".into()), 5, true),
        (Tracked::Bfd("b".into()), -20, false),
    ];
    assert_eq!(weights(&plan), expected);
    let said = plan
        .complaints
        .iter()
        .filter(|text| text.contains("BFD session b"))
        .count();
    assert_eq!(said, 1, "{:?}", plan.complaints);
}

#[test]
fn only_what_is_tracked_is_looked_at() {
    let plan = plan(&instance(100, TRACKING));
    let processes: Vec<&str> = plan
        .targets
        .processes
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(processes, ["p"]);
    let quorum = plan
        .spec
        .trackers
        .iter()
        .find_map(|tracker| match tracker.kind {
            TrackerKind::Quorum(quorum) => Some(quorum),
            TrackerKind::Number | TrackerKind::Session => None,
        });
    let quorum = quorum.expect("a process is tracked");
    assert_eq!((quorum.least, quorum.most), (2, None));
    assert_eq!((quorum.gain_delay, quorum.loss_delay).1.0, 3_000_000);
    let initial = InitialNumber {
        value: 7,
        overwrite: true,
    };
    assert_eq!(
        plan.targets.files.first().and_then(|file| file.initial),
        Some(initial)
    );
}

#[test]
fn a_number_is_a_fault_to_an_owner_whatever_its_weight() {
    let owner = plan(&instance(255, TRACKING));
    assert_eq!(
        weights(&owner).first(),
        Some(&(Tracked::File("f".into()), 0, false))
    );
}

#[test]
fn a_process_that_can_never_be_found_is_named() {
    let plan = plan(&instance(100, " track_process {\n never\n }"));
    assert!(
        plan.complaints
            .iter()
            .any(|text| text.contains("never is never found")),
        "{:?}",
        plan.complaints
    );
}

#[test]
fn delays_of_links_are_taken() {
    let plan = plan(&instance(100, ""));
    let delays: Vec<(&str, u64, u64)> = plan
        .spec
        .link_delays
        .iter()
        .map(|delay| (delay.interface.as_str(), delay.down.0, delay.up.0))
        .collect();
    assert_eq!(delays, [("eth1", 1_500_000, 500_000)]);
}

//! Tracking lists of configurations, and what they become.

use super::*;
use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};
use standfast_core::Micros;
use standfast_core::spec::CheckKind;

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
    let processes: Vec<Tracked> = plan
        .targets
        .processes
        .iter()
        .map(|one| one.object.clone())
        .collect();
    assert_eq!(processes, [Tracked::Process("p".into())]);
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

#[test]
fn a_check_is_lowered_to_what_is_decided_asked_and_repaired() {
    let blocks = "vrrp_check web {\nprocess nginx\nrepair /bin/true {\nattempts 2\nuser root\n}\n}\n\
                  vrrp_check port {\ntcp 127.0.0.1:80\ninterval 0.5\n}\n\
                  vrrp_check page {\nhttp http://127.0.0.1/x {\nstatus 200 401\n}\n}\n\
                  vrrp_check idle {\ntcp 127.0.0.1:81\n}\n";
    let tracked = "track_check {\nweb weight -10\nport\npage\n}";
    let plan = plan(&format!("{blocks}{}", instance(100, tracked)));
    let kinds: Vec<(&str, CheckKind)> = plan
        .spec
        .checks
        .iter()
        .map(|check| (check.definition.as_str(), check.kind))
        .collect();
    let page = "http http://127.0.0.1/x (host 127.0.0.1, status 200 401)";
    assert_eq!(
        kinds,
        [
            ("process nginx", CheckKind::Process),
            ("tcp 127.0.0.1:80", CheckKind::Request),
            (page, CheckKind::Request),
        ]
    );
    let object = Tracked::Check("web".into());
    assert_eq!(plan.targets.processes.len(), 1);
    assert_eq!(plan.targets.processes[0].object, object);
    assert_eq!(plan.requests["port"].timeout, Micros::from_millis(500));
    assert!(plan.repairs.contains_key("web"));
    let repair = plan.spec.checks[0].repair.as_ref();
    assert_eq!(repair.map(|repair| repair.attempts), Some(2));
    let tracks = &plan.spec.routers[0].tracks;
    assert_eq!(tracks.len(), 3);
    assert_eq!((&tracks[0].object, tracks[0].weight.value), (&object, -10));
}

#[test]
fn a_repair_that_cannot_run_is_said_and_left_out() {
    let blocks = "vrrp_check web {\nprocess nginx\nrepair /no/such/program\n}\n";
    let plan = plan(&format!(
        "{blocks}{}",
        instance(100, "track_check {\nweb\n}")
    ));
    assert_eq!(plan.spec.checks[0].repair, None);
    let said = plan.complaints.iter();
    let said = said.filter(|text| text.contains("check web is NOT repaired"));
    assert_eq!(said.count(), 1, "{:?}", plan.complaints);
}

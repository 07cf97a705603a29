//! What a client of the example pair sees when something fails, for every pair of daemons.
//!
//! A scenario is a function of a running [`Pair`]; [`for_every_pair`] makes a test of it for each combination of daemons. Where
//! keepalived is the one that acts, only what keepalived does is required; where it is Standfast, what Standfast promises.
//! The tests with Standfast need its executable, `standfast`, built into the same target folder.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

mod bounds;
mod checks;
mod conflicts;
mod floods;
mod harness;
mod links;
mod start_and_stop;
mod unicast;

use harness::run;

macro_rules! for_every_pair {
    ($($name:ident: $scenario:expr;)*) => {
        mod keepalived_and_keepalived {
            $(#[test] fn $name() { super::run(super::harness::KEEPALIVED, super::harness::KEEPALIVED, &$scenario); })*
        }
        mod standfast_and_standfast {
            $(#[test] fn $name() { super::run(super::harness::STANDFAST, super::harness::STANDFAST, &$scenario); })*
        }
        mod standfast_and_keepalived {
            $(#[test] fn $name() { super::run(super::harness::STANDFAST, super::harness::KEEPALIVED, &$scenario); })*
        }
        mod keepalived_and_standfast {
            $(#[test] fn $name() { super::run(super::harness::KEEPALIVED, super::harness::STANDFAST, &$scenario); })*
        }
    };
}

for_every_pair! {
    the_first_node_takes_the_address_and_announces_it: super::start_and_stop::START;
    a_stopped_daemon_leaves_the_address_to_the_other: super::start_and_stop::TERMINATE;
    a_check_stops_the_daemon_by_its_init_script: super::start_and_stop::STOP_BY_INIT_SCRIPT;
    a_check_stops_the_daemon_as_a_service: super::start_and_stop::STOP_BY_SERVICE;
    a_check_stops_the_daemon_by_name: super::start_and_stop::STOP_BY_KILLALL;
    a_check_stops_the_daemon_by_its_pid_file: super::start_and_stop::STOP_BY_PID_FILE;
    a_pulled_cable_moves_the_address_and_back: super::links::CABLE;
    a_failing_check_moves_the_address_and_back: super::checks::EXIT_STATUS;
    the_process_check_starts_nginx_before_it_gives_up: super::checks::PROCESS;
    the_port_check_notices_a_dead_nginx: super::checks::PORT;
    the_http_check_notices_a_dead_nginx: super::checks::HTTP;
    invalid_advertisements_change_nothing: super::floods::INVALID;
    over_unicast_a_pulled_cable_moves_the_address_and_back: super::unicast::CABLE;
    over_unicast_a_stopped_daemon_leaves_the_address_to_the_other: super::unicast::TERMINATE;
    over_unicast_version_3_does_the_same: super::unicast::VERSION_3;
    clients_find_the_right_node_after_a_pause: super::conflicts::PAUSE;
    clients_find_the_right_node_after_a_split: super::conflicts::SPLIT;
    clients_find_the_right_node_after_a_one_way_partition: super::conflicts::ONE_WAY;
}

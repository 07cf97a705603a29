//! A host that was paused: what waited for it comes before its timers.
#![allow(clippy::unwrap_used)]

mod common;

use common::{A, B, Checked, ms, only, rises, serves, settled_with};
use standfast_core::Micros;
use standfast_core::router::State;
use standfast_core::spec::{RouterSpec, Rules};
use standfast_core::wire::vrrp::Priority;
use standfast_sim::plain_router;

/// Seed 57873: the delay ran out during the pause, in which the lower master resigned and was there again. Its advertisements
/// were sent before anybody can have preempted it.
#[test]
fn a_preempt_delay_that_ends_in_a_pause_counts_from_the_end_of_the_pause() -> Checked {
    let strict = |priority| RouterSpec {
        rules: Rules::PROTOCOL,
        ..plain_router(priority)
    };
    let delayed = RouterSpec {
        preempt_delay: Micros::from_secs(4),
        ..strict(150)
    };
    let nodes = [delayed.clone(), strict(100)].map(|it| only(vec![it]));
    let mut lan = settled_with(7, nodes)?;
    lan.stop(A)?;
    lan.run_for(Micros::from_secs(10))?;
    lan.start(A)?;
    lan.run_for(Micros::from_secs(3))?;
    lan.pause(A);
    lan.run_for(Micros::from_secs(3))?;
    lan.inject(&delayed, Priority::RESIGN);
    lan.run_for(ms(1_500))?;
    serves(&lan, B);
    lan.resume(A)?;
    lan.run_for(Micros::from_secs(3))?;
    assert_eq!(lan.state(A), Some(State::Backup), "it listens first");
    lan.run_for(Micros::from_secs(2))?;
    serves(&lan, A);
    assert_eq!(rises(&lan, A), 1);
    Ok(())
}

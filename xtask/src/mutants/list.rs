//! The defects: each one that somebody could make, and that would hurt.

/// One defect.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// What is wrong then.
    pub name: &'static str,
    /// The file below the core's `src`.
    pub file: &'static str,
    /// What stands there, exactly once.
    pub from: &'static str,
    /// What stands there instead.
    pub to: &'static str,
}

const fn mutant(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Mutant {
    Mutant {
        name,
        file,
        from,
        to,
    }
}

const TIMING: &str = "timing.rs";
const NODE: &str = "node/mod.rs";
const FSM: &str = "router/fsm.rs";
const MODULE: &str = "router/mod.rs";
const LEAVE: &str = "router/leave.rs";
const STEER: &str = "router/steer.rs";
const STEERING: &str = "steering.rs";
const HAND_OVER: &str = "router/hand_over.rs";
const PEER_HANDOVER: &str = "peer/handover.rs";
const PEER_DETECT: &str = "peer/detect.rs";
const ANNOUNCE: &str = "router/announce.rs";
const ADDRESSES: &str = "router/addresses.rs";
const RECEIVE: &str = "router/receive.rs";
const SYNC: &str = "router/sync.rs";
const GROUP: &str = "group.rs";
const TRACK: &str = "router/track.rs";

/// All defects.
pub const MUTANTS: &[Mutant] = &[
    mutant(
        "skew rounded to centiseconds",
        TIMING,
        "Micros(unit.0.saturating_mul(parts) / 256)",
        "Micros(unit.0.saturating_mul(parts) / 256 / 10_000 * 10_000)",
    ),
    mutant(
        "skew rounded to seconds",
        TIMING,
        "Micros(unit.0.saturating_mul(parts) / 256)",
        "Micros(unit.0.saturating_mul(parts) / 256 / 1_000_000 * 1_000_000)",
    ),
    mutant(
        "a bad packet restarts the down timer",
        RECEIVE,
        "*self.counters.dropped.entry(cause).or_default() += 1;",
        "*self.counters.dropped.entry(cause).or_default() += 1;
        if self.state == State::Backup {
            self.arm_down_timer(fx.now);
        }",
    ),
    mutant(
        "between equal priorities both stay",
        FSM,
        ".then_with(|| Some(heard.source).cmp(&self.source));",
        ";",
    ),
    mutant(
        "between equal priorities the lower address wins",
        FSM,
        ".then_with(|| Some(heard.source).cmp(&self.source));",
        ".then_with(|| self.source.cmp(&Some(heard.source)));",
    ),
    mutant(
        "a Backup ignores priority 0",
        FSM,
        "self.set_timer(Timer::Down, fx.now.max(self.not_before) + self.skew());",
        "",
    ),
    mutant(
        "priority 0 arms the whole down interval",
        FSM,
        "self.set_timer(Timer::Down, fx.now.max(self.not_before) + self.skew());",
        "self.arm_down_timer(fx.now);",
    ),
    mutant(
        "a lower advertisement restarts the timer of who preempts",
        FSM,
        "} else if !self.spec.preempt || self.yields(heard.source) || self.delays_preemption(fx) {",
        "} else if self.delays_preemption(fx) || self.effective > heard.priority {",
    ),
    mutant(
        "nopreempt ignored",
        FSM,
        "} else if !self.spec.preempt || self.yields(heard.source) || self.delays_preemption(fx) {",
        "} else if self.yields(heard.source) || self.delays_preemption(fx) {",
    ),
    mutant(
        "preempt_delay ignored",
        FSM,
        "} else if !self.spec.preempt || self.yields(heard.source) || self.delays_preemption(fx) {",
        "} else if !self.spec.preempt {",
    ),
    mutant(
        "a Backup answers",
        FSM,
        "        if heard.priority >= self.effective {
            self.stop_preempt_delay(fx);",
        "        if heard.priority < self.effective {
            self.advertise(self.effective, fx);
        }
        if heard.priority >= self.effective {
            self.stop_preempt_delay(fx);",
    ),
    mutant(
        "addresses kept on stepping down",
        FSM,
        "        if was_serving {
            self.remove_addresses(fx);
            self.wish",
        "        if was_serving {
            self.wish",
    ),
    mutant(
        "nothing announced again after a conflict",
        ANNOUNCE,
        "        self.announcer.last_sign = now;",
        "        if now.0 > 0 {
            return;
        }
        self.announcer.last_sign = now;",
    ),
    mutant(
        "nothing announced at a takeover",
        ADDRESSES,
        "if self.state == State::Active && !announced.is_empty() {",
        "if self.state == State::Fault && !announced.is_empty() {",
    ),
    mutant(
        "the rate limit drops the last announcement",
        ANNOUNCE,
        "self.set_timer(Timer::Reannounce, next.max(fx.now + Micros(1)));",
        "let _ = next;
                self.announcer.stage = None;",
    ),
    mutant(
        "announcements not limited",
        ANNOUNCE,
        "        if bucket.take(fx.now).is_ok() {",
        "if fx.now.0 > 0 {",
    ),
    mutant(
        "a pause is not noticed",
        NODE,
        "if now.since(due) > PAUSE_THRESHOLD {",
        "if now.since(due) > PAUSE_THRESHOLD && now.0 == 0 {",
    ),
    mutant(
        "a pause forgets the plan but not that there is one",
        MODULE,
        "                    self.announcer.forget();
                    self.set_timer(Timer::Listen, listen);",
        "                    self.set_timer(Timer::Listen, listen);",
    ),
    mutant(
        "leaving releases at once",
        LEAVE,
        "self.set_timer(Timer::LeaveBound, fx.now + bound);",
        "self.release(fx);",
    ),
    mutant(
        "leaving has no bound",
        LEAVE,
        "self.set_timer(Timer::LeaveBound, fx.now + bound);",
        "",
    ),
    mutant(
        "leaving does not release after its successor",
        LEAVE,
        "self.set_timer(Timer::Release, fx.now + self.succession());",
        "let _ = self.succession();",
    ),
    mutant(
        "leaving advertises on",
        LEAVE,
        "Timer::ResignAgain => self.advertise(Priority::RESIGN, fx),",
        "Timer::ResignAgain => self.advertise(self.effective, fx),",
    ),
    mutant(
        "leaving repeats priority 0 for ever",
        LEAVE,
        "Timer::ResignAgain => self.advertise(Priority::RESIGN, fx),",
        "Timer::ResignAgain => {
                self.advertise(Priority::RESIGN, fx);
                self.set_timer(Timer::ResignAgain, due + self.spec.advert_interval);
            }",
    ),
    mutant(
        "priority 0 is never repeated",
        LEAVE,
        "Timer::ResignAgain => self.advertise(Priority::RESIGN, fx),",
        "Timer::ResignAgain => {}",
    ),
    mutant(
        "an exclusive leaver resigns before it lets go",
        LEAVE,
        "        self.remove_addresses(fx);
        if self.want(Want::Released, fx) {",
        "        if self.want(Want::Released, fx) {",
    ),
    mutant(
        "answers not limited",
        FSM,
        "if !self.spec.lower_prio_no_advert && self.answers.take(fx.now).is_ok() {",
        "if !self.spec.lower_prio_no_advert {",
    ),
    mutant(
        "lines of a Backup not limited",
        MODULE,
        "if self.reports.take(fx.now).is_ok() {",
        "if fx.now.0 > 0 {",
    ),
    mutant(
        "a fault does not resign",
        HAND_OVER,
        "        self.advertise(Priority::RESIGN, fx);
        self.enter_fault(fault, fx);",
        "        self.enter_fault(fault, fx);",
    ),
    mutant(
        "the interval of the Active router is not learned",
        FSM,
        "self.learn_interval(heard.interval, fx);",
        "",
    ),
    mutant(
        "adopted addresses never released",
        ADDRESSES,
        "let adopted = self.positions(|holding| holding.adopted);",
        "let adopted: Vec<usize> = Vec::new();",
    ),
    mutant(
        "a member of a group rises alone",
        SYNC,
        "if self.spec.sync_group.is_none() {
            return self.become_active(cause, fx);
        }",
        "if self.spec.sync_group.is_some() || self.state == State::Backup {
            return self.become_active(cause, fx);
        }",
    ),
    mutant(
        "a group stays when a member falls",
        GROUP,
        "            self.each_member(now, &members, Router::fall_with_group);",
        "",
    ),
    mutant(
        "a member's fault is its own business",
        GROUP,
        "        self.evaluate_these(now, &changed);",
        "        let _ = (&changed, now);",
    ),
    mutant(
        "members let go one by one",
        GROUP,
        "if let Some(group) = router.spec().sync_group.clone() {",
        "if let Some(group) = router.spec().sync_group.clone().filter(|_| false) {",
    ),
    mutant(
        "leftovers not removed at the start",
        ADDRESSES,
        "        self.change(Change::Remove, &stale, &left, fx);",
        "        let _ = (stale, left);",
    ),
    mutant(
        "leftovers removed only when a router takes part",
        TRACK,
        "if self.interface.is_some() && !core::mem::replace(&mut self.claimed, true) {",
        "if self.started && !core::mem::replace(&mut self.claimed, true) {",
    ),
    mutant(
        "a refused removal is forgotten in the next state",
        FSM,
        "self.timers.retain(|timer, _| *timer == Timer::Reconcile);",
        "self.timers.clear();",
    ),
    mutant(
        "advertisements a little late",
        FSM,
        "let next = due + interval;",
        "let next = due + interval.plus(Micros(1));",
    ),
    mutant(
        "the journal grows for ever",
        "journal/mod.rs",
        "if self.entries.len() == JOURNAL_LENGTH {",
        "if self.entries.len() == usize::MAX {",
    ),
    mutant(
        "the supervisor releases at once",
        "estate.rs",
        "release_at: now + estate.bound,",
        "release_at: now,",
    ),
    mutant(
        "the supervisor does not release after the successor",
        "estate.rs",
        "self.release_at = self.release_at.min(now + self.estate.succession);",
        "",
    ),
    mutant(
        "the supervisor takes a resignation for a successor",
        "estate.rs",
        "            && advertisement.priority != Priority::RESIGN
",
        "",
    ),
    mutant(
        "after a pause in the own interval under a better router",
        FSM,
        "            if heard.priority >= self.effective {
                self.accept(heard, fx);
            }
            return;",
        "            return;",
    ),
    mutant(
        "the periodic announcement ends with a pause",
        FSM,
        "                self.resume_refresh(fx.now);
",
        "",
    ),
    mutant(
        "a reload after a stop takes part",
        NODE,
        "            Input::Spec(_) if self.stopping => {}
",
        "",
    ),
    mutant(
        "a recorded request counts",
        PEER_HANDOVER,
        "if round_trip.is_none() || message.header.sent <= speaker.last_request {",
        "if message.header.sent <= speaker.last_request {",
    ),
    mutant(
        "whoever asks is obeyed",
        HAND_OVER,
        "State::Backup if !follows => Err(Answer::NotFollowed),",
        "State::Backup if !follows && now.0 == 0 => Err(Answer::NotFollowed),",
    ),
    mutant(
        "a router with other addresses is taken",
        PEER_HANDOVER,
        "            () if differs => Err(Answer::Differs),
",
        "            () if differs && now.0 == 0 => Err(Answer::Differs),
",
    ),
    mutant(
        "a peer that cannot serve is asked",
        PEER_HANDOVER,
        "        && told.ready
        && told.state == Told::Backup
",
        "",
    ),
    mutant(
        "a peer that will lose the addresses again is asked",
        PEER_HANDOVER,
        "(fit && lasts && (outranks || !sought.better))",
        "(fit && (lasts || !lasts) && (outranks || !sought.better))",
    ),
    mutant(
        "advertisements that cross a handover are claims",
        HAND_OVER,
        ".is_some_and(|(from, until)| from == source && now < until)",
        ".is_some_and(|(from, until)| from == source && now < until && now.0 == 0)",
    ),
    mutant(
        "an offer is never given up",
        PEER_HANDOVER,
        "            if offer.until <= now {",
        "            if offer.until <= now && now.0 == 0 {",
    ),
    mutant(
        "an exclusive leaver asks before it lets go",
        LEAVE,
        "        self.remove_addresses(fx);
        if self.want(Want::Released, fx) {",
        "        if !self.want(Want::Released, fx) {
            self.remove_addresses(fx);
        }
        if self.wants.is_some() {",
    ),
    mutant(
        "a group is taken when one member is asked for",
        PEER_HANDOVER,
        "let ready = members.iter().all(|id| {",
        "let ready = members.iter().any(|id| {",
    ),
    mutant(
        "every Backup takes over from a silent peer at once",
        PEER_DETECT,
        "ANSWER_TIME.plus(RANK_TIME.times(rank))",
        "ANSWER_TIME.plus(RANK_TIME.times(rank.min(0)))",
    ),
    mutant(
        "a silent peer that answers by ARP is taken for dead",
        PEER_DETECT,
        "let suspected = speaker.liveness.claim.is_some();",
        "let suspected = speaker.liveness.claim.is_some() && now.0 == 0;",
    ),
    mutant(
        "a node that was late does not doubt itself",
        PEER_DETECT,
        "if now.since(due).times(2) > watch.interval {",
        "if now.since(due).times(2) > watch.interval && now.0 == 0 {",
    ),
    mutant(
        "a node takes back what an operator has moved",
        FSM,
        "} else if !self.spec.preempt || self.yields(heard.source) || self.delays_preemption(fx) {",
        "} else if !self.spec.preempt || self.delays_preemption(fx) {",
    ),
    mutant(
        "resume does not end the reserve",
        STEER,
        "    pub(crate) fn stop_yielding(&mut self) {
        self.reserve = Reserve::None;",
        "    pub(crate) fn stop_yielding(&mut self) {
        self.reserve = self.reserve;",
    ),
    mutant(
        "a drained node keeps its priority",
        TRACK,
        "            _ if self.hold.is_some() => LAST_RESORT,
",
        "",
    ),
    mutant(
        "a switchover that nobody takes ends service",
        LEAVE,
        "                    After::Stay => self.serve_on(fx),",
        "                    After::Stay => self.release(fx),",
    ),
    mutant(
        "a switchover goes where it would be taken back from",
        PEER_HANDOVER,
        "(priority > entry.priority).then_some(Obstacle::TakenBack {",
        "(priority > entry.priority && now.0 == 0).then_some(Obstacle::TakenBack {",
    ),
    mutant(
        "a drained peer is a successor",
        PEER_HANDOVER,
        "        let fit = fit && !(sought.planned && told.drained);
",
        "",
    ),
    mutant(
        "a drained peer ranks by its priority alone",
        PEER_HANDOVER,
        "ranks.push((!told.drained, told.priority, key.address));",
        "ranks.push((true, told.priority, key.address));",
    ),
    mutant(
        "a switchover to a drained node is not refused",
        PEER_HANDOVER,
        "        if entry.drained {
",
        "        if entry.drained && now.0 == 0 {
",
    ),
    mutant(
        "the end of a drain is not told",
        STEER,
        "            // Its priority may have been that of the last resort before.
            self.changed(fx);
",
        "",
    ),
    mutant(
        "a hard drain does not wait for a successor",
        STEERING,
        "        self.steering.softly = (!serving.is_empty()).then_some(id);",
        "        self.steering.softly = None;",
    ),
    mutant(
        "only one member of a group is moved",
        STEERING,
        "        let routers = self.with_groups(routers);
",
        "",
    ),
    mutant(
        "a drained node does not look for a successor again",
        STEERING,
        "            let tried = self.give_up_again(now);",
        "            let tried = now.0 == 0 && self.give_up_again(now);",
    ),
];

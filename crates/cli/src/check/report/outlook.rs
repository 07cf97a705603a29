//! Who would be master when, as a small table and as JSON.

use serde_json::{Value, json};
use standfast_config::nodes::{Event, Outlook, Scenario};

/// One line per scenario, the normal state first.
pub(super) fn lines(outlook: &Outlook) -> Vec<String> {
    let title = format!(
        "{} (virtual_router_id {}): who is master",
        outlook.name, outlook.vrid
    );
    let mut lines = vec![title];
    if outlook.scenarios.is_empty() {
        lines.push("    ALL OF THEM: they don't hear each other, see the errors above".to_owned());
        return lines;
    }
    let events: Vec<String> = outlook
        .scenarios
        .iter()
        .map(|scenario| event(&scenario.event))
        .collect();
    let width = events
        .iter()
        .map(|event| event.chars().count())
        .max()
        .unwrap_or(0);
    for (scenario, event) in outlook.scenarios.iter().zip(&events) {
        let master = scenario
            .master
            .as_deref()
            .unwrap_or_else(|| nobody(scenario));
        let priorities = priorities(scenario);
        lines.push(format!("    {event:<width$}  {master}  ({priorities})"));
    }
    lines
}

fn nobody(scenario: &Scenario) -> &'static str {
    let alive = scenario
        .standings
        .iter()
        .any(|standing| standing.priority.is_some());
    if alive {
        "the higher address"
    } else {
        "NOBODY"
    }
}

fn event(event: &Event) -> String {
    match event {
        Event::AllWell => "all is well".to_owned(),
        Event::CheckFails { node, check } => format!("{check} fails on {node}"),
        Event::NodeLost { node } => format!("{node} is lost"),
    }
}

fn priorities(scenario: &Scenario) -> String {
    let one = |standing: &standfast_config::nodes::Standing| match standing.priority {
        Some(priority) => format!("{} {priority}", standing.node),
        None => format!("{} out", standing.node),
    };
    scenario
        .standings
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join(", ")
}

/// `{router, vrid, scenarios: [{event, node, check, master, priorities}]}`.
pub(super) fn json(outlook: &Outlook) -> Value {
    let scenarios: Vec<Value> = outlook
        .scenarios
        .iter()
        .map(|scenario| {
            let (kind, node, check) = match &scenario.event {
                Event::AllWell => ("all_well", None, None),
                Event::CheckFails { node, check } => ("check_fails", Some(node), Some(check)),
                Event::NodeLost { node } => ("node_lost", Some(node), None),
            };
            let priorities: serde_json::Map<String, Value> = scenario
                .standings
                .iter()
                .map(|standing| (standing.node.clone(), standing.priority.into()))
                .collect();
            json!({ "event": kind, "node": node, "check": check, "master": scenario.master, "priorities": priorities })
        })
        .collect();
    json!({
        "router": outlook.name,
        "vrid": outlook.vrid,
        "hear_each_other": !scenarios.is_empty(),
        "scenarios": scenarios,
    })
}

// Puts the parts together: what arrives goes into the model, and is drawn once for each frame at most.

import { renderChecks } from "./checks.js";
import { attr, byId, el, icon, list, setIcon, text } from "./dom.js";
import { count, duration, shortTime, took, WORDS } from "./format.js";
import { Journal } from "./journal.js";
import { instanceAlerts, latenessText, Model, nodeAlerts, statesText } from "./model.js";
import { Records } from "./records.js";
import { makeAlert, Routers, updateAlert } from "./routers.js";
import { Connection } from "./stream.js";
import { Timeline } from "./timeline.js";

/** Warnings that are listed at the top; the virtual routers have their own. */
const SHOWN_ALERTS = 6;
/** Letters of a problem in the headline; all of it stands below. */
const LONGEST_PROBLEM = 120;
/** Changes that are read aloud come together, so that a failover of sixty is one sentence. */
const ANNOUNCED_AFTER_MS = 1500;

const model = new Model();
const records = new Records();
const connection = new Connection();
const routers = new Routers(model, connection);
const timeline = new Timeline(model, records, say);
const journal = new Journal(model, records);

connection.addEventListener("status", ({ detail }) => {
  const before = model.status;
  model.take(detail);
  if (before) announceChanges(before, detail);
  draw();
});
connection.addEventListener("records", ({ detail }) => {
  records.add(detail);
  draw();
});
connection.addEventListener("history", ({ detail }) => {
  records.addOlder(detail.records, detail.cut);
  draw();
});
connection.addEventListener("reset", () => records.clear());
connection.addEventListener("state", () => {
  if (connection.state === "lost") say("Connection lost");
  draw();
});
setInterval(draw, 1000);

byId("token").addEventListener("submit", (event) => {
  event.preventDefault();
  connection.token = byId("token-text").value;
});

let due = false;
function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    drawConnection();
    if (!model.status) return;
    drawSummary();
    routers.render();
    timeline.render();
    renderChecks(model.status, model.now);
    journal.render();
    drawFacts();
  });
}

function drawConnection() {
  const { state, reason, heardMs } = connection;
  const age = heardMs === 0 ? "" : duration((Date.now() - heardMs) * 1000);
  const words = {
    connecting: "Connecting",
    live: "Live",
    lost: heardMs === 0 ? `No connection: ${reason}` : `Connection lost: what is shown is ${age} old`,
    refused: "Access token needed",
  };
  attr(byId("connection"), "data-is", state);
  attr(byId("connection"), "title", reason || null);
  attr(document.documentElement, "data-stale", state === "lost" || state === "refused");
  text(byId("connection-text"), words[state]);
  attr(byId("token"), "hidden", state !== "refused");
  attr(byId("token-wrong"), "hidden", !connection.tried);
}

const verdictIcon = icon("none");
byId("verdict-icon").append(verdictIcon);

function drawSummary() {
  const { status } = model;
  const { node, instances } = status;
  text(byId("node-name"), node.name);
  document.title = `${titleMark(instances)} ${node.name} · Standfast`;
  const alerts = allAlerts(instances);
  const serious = alerts.filter(({ level }) => level !== "info");
  attr(byId("verdict"), "data-level", connection.state === "lost" ? "none" : (serious[0]?.level ?? "good"));
  setIcon(verdictIcon, connection.state === "lost" ? "silent" : serious.length > 0 ? "warning" : "ok");
  text(byId("verdict-text"), verdictOf(serious, instances));
  text(byId("counts"), `${count(instances.length, "virtual router")} here: ${statesText(instances) || "none"}`);
  const ofNode = alerts.filter(({ names }) => names.length === 0);
  const ofRouters = alerts.filter(({ names, key }) => names.length > 0 && instances.length > 1 && !key.startsWith("unusable "));
  const listed = new Set([...ofNode.slice(0, SHOWN_ALERTS * 2), ...ofRouters.slice(0, SHOWN_ALERTS)]);
  list(byId("alerts"), alerts.filter((alert) => listed.has(alert)), ({ key }) => key, makeLinkedAlert, updateLinkedAlert);
  const rest = ofRouters.length - SHOWN_ALERTS;
  text(byId("alerts-note"), rest > 0 ? `and ${rest} more, shown at the virtual routers` : "");
}

function allAlerts(instances) {
  const found = new Map(nodeAlerts(model).map((alert) => [alert.key, { ...alert, names: [] }]));
  for (const instance of instances) {
    for (const alert of instanceAlerts(instance, model)) {
      const key = `${alert.key}\n${alert.title}\n${alert.text}`;
      if (!found.has(key)) found.set(key, { ...alert, key, names: [] });
      found.get(key).names.push(instance.name);
    }
  }
  const order = ["error", "warning", "info"];
  return [...found.values()].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

function verdictOf(serious, instances) {
  if (connection.state === "lost") return "Nobody knows: no connection to this node";
  if (serious.length > 0) return problemOf(serious);
  return instances.length === 0 ? "No virtual router is configured" : "All is well";
}

/** The worst one, with whom it concerns, and how many more there are: `VI_1: Two masters: a and b – and 2 other problems`. */
function problemOf([{ names, title, text: said }, ...more]) {
  const others = names.length > 1 ? ` and ${count(names.length - 1, "other")}` : "";
  const whose = names.length > 0 ? `${names[0]}${others}: ` : "";
  const what = `${whose}${title}: ${said.length > LONGEST_PROBLEM ? `${said.slice(0, LONGEST_PROBLEM)}…` : said}`;
  return more.length === 0 ? what : `${what} \u2013 and ${count(more.length, "other problem")}`;
}

function makeLinkedAlert(alert) {
  const view = makeAlert(alert);
  if (alert.names.length === 0) return view;
  view.link = el("a", { href: "#routers" });
  view.others = el("span");
  view.link.addEventListener("click", (event) => {
    event.preventDefault();
    routers.reveal(view.name);
  });
  view.title.before(view.link, view.others, " ");
  return view;
}

function updateLinkedAlert(view, alert) {
  updateAlert(view, alert);
  if (!view.link) return;
  view.name = alert.names[0];
  text(view.link, view.name);
  text(view.others, alert.names.length > 1 ? ` and ${count(alert.names.length - 1, "other")}` : "");
}

/** In the tab's title a state must be a sign. */
function titleMark(instances) {
  if (connection.state === "lost") return "○?";
  if (instances.some(({ state }) => state === "fault")) return "✕";
  return instances.some(({ state }) => state === "master") ? "●" : "○";
}

function drawFacts() {
  const { node, peers, timing, kernel_failures: failures, groups } = model.status;
  const facts = [
    ["Timers", latenessText(timing)],
    ["Running", `since ${shortTime(node.started_us, model.now)}, process ${node.pid}, Standfast ${node.version}${node.as_keepalived ? " as keepalived" : ""}`],
    ["Configuration", `${node.files.join(", ")}, read ${shortTime(node.configured_us, model.now)}`],
    ["Nodes", peers.length === 0 ? "no other Standfast node is heard" : peers.map((peer) => `${peer.name} (${peer.address}${peer.round_trip_us === null ? "" : `, ${took(peer.round_trip_us)}`})`).join(", ")],
  ];
  if (groups.length > 0) facts.push(["Sync groups", groups.map((group) => `${group.name} ${group.state ? WORDS[group.state] : "moving"}`).join(", ")]);
  const failed = Object.entries(failures);
  if (failed.length > 0) facts.push(["Kernel refused", failed.map(([what, times]) => `${what}: ${times}`).join(", ")]);
  list(byId("facts"), facts, ([name]) => name, ([name]) => {
    const value = el("dd");
    return { value, root: el("div", {}, el("dt", {}, name), value) };
  }, (view, [, value]) => text(view.value, value));
}

let said = [];
let saying = null;

/** Says something to those who listen to the page; what comes together is said together. */
function say(words) {
  said.push(words);
  saying ??= setTimeout(() => {
    const all = said;
    said = [];
    saying = null;
    byId("announce").textContent = all.length > 3 ? `${all.length} changes, the last: ${all.at(-1)}` : all.join(". ");
  }, ANNOUNCED_AFTER_MS);
}

function announceChanges(before, after) {
  const states = new Map(before.instances.map(({ name, state }) => [name, state]));
  for (const { name, state } of after.instances) {
    if (states.has(name) && states.get(name) !== state) say(`${name} is ${WORDS[state]} here`);
  }
}

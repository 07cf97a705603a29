// What is to be shown, computed from what the node tells. No element is touched here.

import { byName, clockTime, count, duration, took, WORDS } from "./format.js";

/** Somebody who was heard within so long is there; longer ago it is history. */
const RECENT_US = 60e6;
/** A node that is gone stays on the page for so long. */
const REMEMBERED_US = 900e6;
/** Nodes speak once a second. */
const STALE_US = 1.5e6;
/** The kernel has so long to hold what it should before that is worth a word. */
const SETTLING_US = 2e6;

/** Everything that the page knows. */
export class Model {
  status = null;
  /** What the node's clock shows beyond the browser's, in microseconds. */
  #offset = 0;
  /** Nodes that were seen, by instance and address. */
  #nodes = new Map();
  /** States of other nodes since the page was opened, by instance and node. */
  #lives = new Map();

  /** The node's time. */
  get now() {
    return Date.now() * 1000 + this.#offset;
  }

  take(status) {
    this.status = status;
    this.#offset = status.node.now_us - Date.now() * 1000;
    for (const instance of status.instances) this.#remember(instance);
    this.#forget(new Set(status.instances.map(({ name }) => name)));
  }

  /** What is no longer there must not grow. */
  #forget(instances) {
    for (const name of this.#nodes.keys()) if (!instances.has(name)) this.#nodes.delete(name);
    for (const key of this.#lives.keys()) {
      const [name, node] = key.split("\n");
      if (!this.#nodes.get(name)?.has(node)) this.#lives.delete(key);
    }
  }

  /** Nodes of an instance, each with the state that it is in; always in the same order. */
  nodesOf(instance) {
    return [...(this.#nodes.get(instance.name)?.values() ?? [])].sort((a, b) => byName(a.name, b.name));
  }

  /** What is known of the states of a node: `{at, state}`, oldest first. */
  lifeOf(instance, key) {
    return this.#lives.get(`${instance}\n${key}`) ?? [];
  }

  /** How a node that has this address is called. */
  nameOf(instance, address) {
    return this.nodesOf(instance).find((node) => node.address === address)?.name ?? address;
  }

  #remember(instance) {
    const now = this.status.node.now_us;
    const known = this.#nodes.get(instance.name) ?? new Map();
    const current = currentNodes(instance, this.status);
    for (const node of current) known.set(node.key, node);
    for (const [key, node] of known) {
      if (current.some((other) => other.key === key)) continue;
      if (now - node.heard > REMEMBERED_US) known.delete(key);
      else if (node.state !== "silent") known.set(key, { ...node, state: "silent", since: node.heard, holds: false, word: "", differs: [] });
    }
    this.#nodes.set(instance.name, known);
    for (const [key, node] of known) this.#live(`${instance.name}\n${key}`, node);
  }

  #live(key, node) {
    const life = this.#lives.get(key) ?? [];
    const last = life.at(-1);
    if (!last || last.state !== node.state || (node.since > last.at + 1e6 && node.state !== "silent")) {
      life.push({ at: node.since, state: node.state });
      if (life.length > 500) life.shift();
    }
    this.#lives.set(key, life);
  }
}

function currentNodes(instance, status) {
  const now = status.node.now_us;
  const nodes = instance.nodes.map((node) => ({
    key: node.here ? "here" : (node.address ?? node.name),
    name: node.name, here: node.here, address: node.address, state: node.state, since: node.since_us,
    priority: node.priority, base: node.base, heard: node.heard_us, differs: node.differs, ready: node.ready, drained: node.drained, ours: true,
  }));
  const own = {
    key: "here", name: status.node.name, here: true, address: instance.source, state: instance.state, since: instance.since_us,
    priority: instance.priority.effective, base: instance.priority.base, heard: now, differs: [], ready: true, drained: instance.priority.drained, ours: true,
  };
  const place = nodes.findIndex((node) => node.here);
  if (place < 0) nodes.push(own);
  else nodes[place] = { ...own, name: nodes[place].name, address: nodes[place].address ?? own.address };
  for (const speaker of instance.speakers) {
    if (nodes.some((node) => node.address === speaker.address)) continue;
    if (now - speaker.heard_us > REMEMBERED_US) continue;
    nodes.push(speakerNode(speaker, instance, now));
  }
  nodes.forEach((node, index) => {
    if (!node.here && node.state === "master" && isStale(node, instance, now)) nodes[index] = { ...node, state: "silent", since: node.heard };
  });
  for (const node of nodes) {
    const serves = node.state === "master" || (node.here && node.state === "leaving");
    node.word = serves ? holdsWord(node, instance) : "";
    node.holds = node.word === HOLDS;
  }
  return nodes;
}

const HOLDS = "holds the addresses";

/** What a master holds: nothing where none is configured, and not what is wanted here where its list is another one. */
function holdsWord(node, instance) {
  if (!node.here && node.differs.includes("addresses")) return "holds other addresses";
  return instance.addresses.length > 0 || (!node.here && !node.ours) ? HOLDS : "no addresses";
}

/** What a master said of itself before somebody else became master is no contradiction: it may be gone, or does not know yet. */
function isStale(node, instance, now) {
  if (instance.state === "master") return node.heard < instance.since_us;
  const other = instance.master && !instance.master.here && instance.master.address !== node.address;
  return Boolean(other) && instance.master.heard_us > node.heard && now - node.heard > STALE_US;
}

/** Somebody without the peer channel: who sends advertisements is a master, whoever is silent may be anything. */
function speakerNode(speaker, instance, now) {
  const patience = Math.max(3.2 * (speaker.interval_us ?? instance.advert_interval_us), 1e6);
  const here = now - speaker.heard_us <= patience;
  let state = "silent";
  if (here && speaker.refused) state = "ignored";
  else if (here) state = speaker.priority === 0 ? "leaving" : "master";
  return {
    key: speaker.address, name: speaker.address, here: false, address: speaker.address, mac: speaker.mac, state,
    since: here ? speaker.first_us : speaker.heard_us, priority: speaker.priority, base: speaker.priority,
    heard: speaker.heard_us, differs: [], ready: null, drained: false, ours: false,
  };
}

/** How a priority comes about: `{text, effective, segments, scale}`; segments in units of priority. */
export function sumOf(priority) {
  const parts = priority.parts;
  const words = [`${priority.base} base`];
  const risks = [];
  for (const part of parts) {
    if (part.unusable) risks.push(`${part.name} cannot be used and does not count`);
    else if (part.adds !== 0) words.push(`${part.adds < 0 ? "−" : "+"} ${Math.abs(part.adds)} ${part.name}`);
    else risks.push(riskOf(part));
  }
  let text = words.join(" ");
  if (words.length > 1 || priority.clamped !== null) text += ` = ${priority.clamped ?? priority.effective}`;
  if (priority.clamped !== null) text += `, kept within 1 to 254: ${priority.effective}`;
  if (priority.drained) text += `; drained: ${priority.effective}`;
  return { text, risks: risks.filter(Boolean), segments: segmentsOf(priority), scale: scaleOf(priority) };
}

function riskOf(part) {
  if (part.up === null) return `${part.name} is not known yet`;
  if (part.adds_down === null) return part.up ? `FAULT if ${part.name} fails` : `${part.name} is down: FAULT`;
  if (part.up && part.adds_down < 0) return `− ${-part.adds_down} if ${part.name} fails`;
  if (!part.up && part.adds_up > 0) return `+ ${part.adds_up} when ${part.name} is up`;
  return null;
}

function scaleOf(priority) {
  const most = priority.parts.reduce((sum, part) => sum + Math.max(0, part.adds, part.adds_up ?? 0), priority.base);
  return Math.max(1, most);
}

/** From the left: what is safe, what is at stake, what is lost; then what is added, and what could be. */
function segmentsOf(priority) {
  const lost = priority.parts.filter((part) => part.adds < 0);
  const atStake = priority.parts.filter((part) => part.adds === 0 && part.up && (part.adds_down ?? 0) < 0 && !part.unusable);
  const added = priority.parts.filter((part) => part.adds > 0);
  const possible = priority.parts.filter((part) => part.adds === 0 && part.up === false && (part.adds_up ?? 0) > 0);
  const taken = lost.reduce((sum, part) => sum - part.adds, 0) + atStake.reduce((sum, part) => sum - part.adds_down, 0);
  const segments = [{ key: "base", kind: "base", size: Math.max(0, priority.base - taken), label: `${priority.base} base` }];
  for (const part of atStake) segments.push({ key: part.name, kind: "stake", size: -part.adds_down, label: `${-part.adds_down} would go with ${part.name}` });
  for (const part of added) segments.push({ key: part.name, kind: "plus", size: part.adds, label: `+ ${part.adds} ${part.name}` });
  for (const part of lost) segments.push({ key: part.name, kind: "lost", size: -part.adds, label: `− ${-part.adds} ${part.name}` });
  for (const part of possible) segments.push({ key: part.name, kind: "possible", size: part.adds_up, label: `+ ${part.adds_up} when ${part.name} is up` });
  return segments.filter((segment) => segment.size > 0);
}

const recent = (us, now) => now - us < RECENT_US;

/** What is wrong with an instance: `{key, level, title, text}`, the worst first. Levels: `error`, `warning`, `info`. */
export function instanceAlerts(instance, model) {
  const now = model.status.node.now_us;
  const nodes = model.nodesOf(instance);
  const own = [
    ...emptyAlerts(instance),
    ...faultAlerts(instance),
    ...masterAlerts(instance, nodes, now),
    ...addressAlerts(instance, now),
    ...peerAlerts(instance, nodes, now),
    ...ownAlerts(instance),
    ...kernelAlerts(instance, now),
  ];
  return [...own, ...toldAlerts(instance, own)].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

const LEVELS = ["error", "warning", "info"];
const error = (key, title, text) => ({ key, level: "error", title, text });
const warning = (key, title, text) => ({ key, level: "warning", title, text });
const info = (key, title, text) => ({ key, level: "info", title, text });

/** Kinds of problems that `standfast status` takes for notes. */
const NOTES = ["never-heard", "no-virtual-address"];
/** Kinds that nothing else on the page tells. */
const UNTOLD = ["host-paused", "no-virtual-address"];

/** Without addresses everything else is of less weight. */
function emptyAlerts(instance) {
  const found = problemsOf(instance).filter(({ kind }) => kind === "protects-nothing");
  return found.map(({ text }) => error("empty", "No virtual address", text));
}

/** What the node finds wrong by itself, as `standfast status` says it: all is not well here where it is not there. */
function toldAlerts(instance, own) {
  const silent = own.every(({ level }) => level === "info");
  const told = problemsOf(instance).filter(({ kind }) => kind !== "protects-nothing" && (UNTOLD.includes(kind) || (silent && !NOTES.includes(kind))));
  return told.map(({ kind, text }) => (NOTES.includes(kind) ? info(`told ${kind}`, "Note", text) : warning(`told ${kind} ${text}`, "Problem", text)));
}

/** Nodes of earlier releases tell none. */
const problemsOf = (instance) => instance.problems ?? [];

function faultAlerts(instance) {
  if (instance.faults.length > 0) return [error("fault", "FAULT", instance.faults.map((fault) => fault.text).join("; "))];
  return instance.state === "fault" ? [error("fault", "FAULT", instance.cause?.text ?? "it cannot take part")] : [];
}

function masterAlerts(instance, nodes, now) {
  // Whose packets are ignored is a master all the same: only masters send.
  const masters = nodes.filter((node) => node.state === "master" || node.state === "ignored");
  if (masters.length > 1) {
    const names = masters.map((node) => `${node.name} (${node.here ? "this node, " : ""}${node.state === "ignored" ? "ignored, " : ""}priority ${node.priority ?? "?"})`);
    return [error("two", masters.length === 2 ? "Two masters" : `${masters.length} masters`, names.join(" and "))];
  }
  if (instance.alone) return [warning("alone", "Alone", "MASTER, and nobody else was ever heard: nobody would take over")];
  if (masters.length > 0 || instance.state === "initialize" || instance.state === "leaving") return [];
  const heard = instance.master?.heard_us ?? instance.since_us;
  return now - heard > instance.down_interval_us + SETTLING_US
    ? [warning("nobody", "No master", instance.master ? `${instance.master.name ?? instance.master.address} was heard last ${duration(now - heard)} ago` : "nobody holds the addresses, as far as this node can tell")]
    : [];
}

function addressAlerts(instance, now) {
  if (now - instance.since_us < SETTLING_US) return [];
  const missing = instance.addresses.filter((address) => address.wanted && !address.held);
  const surplus = instance.addresses.filter((address) => !address.wanted && address.held && instance.state !== "leaving");
  const name = (list) => (list.length > 3 ? `${list.slice(0, 3).map((a) => a.address).join(", ")} and ${list.length - 3} more` : list.map((a) => a.address).join(", "));
  const alerts = [];
  if (missing.length > 0) alerts.push(error("missing", "Address not held", `${name(missing)} should be on this host and is not`));
  if (surplus.length > 0) alerts.push(error("surplus", "Address held", `${name(surplus)} is on this host though it is not MASTER`));
  return alerts;
}

function peerAlerts(instance, nodes, now) {
  const alerts = [];
  for (const node of nodes) {
    if (node.differs.length > 0) alerts.push(warning(`differs ${node.key}`, "Mismatch", `${node.name} has other settings: ${node.differs.join(", ")}`));
  }
  for (const speaker of instance.speakers) {
    if (!recent(speaker.heard_us, now)) continue;
    const who = nameAt(nodes, speaker.address);
    if (speaker.refused) alerts.push(warning(`refused ${speaker.address}`, "Ignored", `advertisements from ${who}: ${speaker.refused.text}`));
    else if (speaker.other_addresses.length > 0) alerts.push(warning(`addresses ${speaker.address}`, "Mismatch", `${who} advertises other addresses: ${speaker.other_addresses.slice(0, 4).join(", ")}`));
  }
  for (const holder of instance.holders) {
    // Who held the address before this node took it is no other holder.
    const other = instance.state === "master" && holder.seen_us > instance.since_us + SETTLING_US;
    if (other && recent(holder.seen_us, now)) alerts.push(warning(`holder ${holder.address} ${holder.mac}`, "Another holder", `${holder.mac} answers for ${holder.address}`));
  }
  return alerts;
}

const nameAt = (nodes, address) => nodes.find((node) => node.address === address)?.name ?? address;

function ownAlerts(instance) {
  const alerts = [];
  for (const part of instance.priority.parts) {
    if (part.unusable) alerts.push(error(`unusable ${part.name}`, "Check unusable", `${part.name} cannot run and does not count`));
    else if (part.up === false && part.adds < 0) alerts.push(warning(`part ${part.name}`, "Lowered", `${part.name} is down: priority ${part.adds}`.replace("-", "−")));
  }
  if (instance.priority.clamped !== null) alerts.push(info("clamped", "Clamped", `the sum is ${instance.priority.clamped}; a priority is 1 to 254`));
  if (instance.yields_to) alerts.push(info("yields", "Yields", `leaves ${instance.yields_to} alone after a switchover, until resume`));
  return alerts;
}

function kernelAlerts(instance, now) {
  const { deleted, refused } = instance;
  const alerts = [];
  if (deleted && now - deleted.at_us < REMEMBERED_US) {
    alerts.push(warning("deleted", "Address deleted", `something on this host deletes ${deleted.address}: ${count(deleted.times, "time")}, last at ${clockTime(deleted.at_us)}`));
  }
  if (refused && now - refused.at_us < REMEMBERED_US) {
    alerts.push(error("refused", "Kernel refuses", `to ${refused.adding ? "add" : "remove"} ${refused.address}: ${refused.text}`));
  }
  return alerts;
}

/** What an instance does next, and when. */
export function nextText(instance, now) {
  const { next } = instance;
  if (!next) return "";
  if (next.timer === "advertise") return `Next: advertises every ${took(instance.advert_interval_us)}`;
  if (next.timer === "down") return `Next: takes over once the master has been silent for ${took(instance.down_interval_us)}`;
  const left = next.at_us - now;
  return `Next: ${next.text}${left < 2e6 ? "" : `, in ${duration(left)}`}`;
}

/** What is wrong with the node as a whole. */
export function nodeAlerts(model) {
  const { status } = model;
  const { node } = status;
  const alerts = [];
  if (node.reload_refused) {
    const { at_us, text } = node.reload_refused;
    alerts.push(error("reload", "Reload refused", `the file on disk was refused at ${clockTime(at_us)}: ${text}; the one read at ${clockTime(node.configured_us)} is in force`));
  }
  for (const text of node.control_troubles ?? []) alerts.push(error(`control ${text}`, "Control interface", text));
  if (node.stopping) alerts.push(warning("stopping", "Stopping", "the daemon is about to end"));
  if (node.drain) alerts.push(warning("drain", "Drained", `${drainText(node.drain)}`));
  for (const finding of status.host ?? []) alerts.push(warning(`host ${finding.kind}`, "This host", `${finding.text}${finding.fix ? `: ${finding.fix}` : ""}`));
  for (const check of status.checks) {
    if (check.state === "unusable") alerts.push(error(`check ${check.name}`, "Check unusable", `${check.name}: ${check.unusable ?? "cannot run"}`));
    if (check.paused) alerts.push(info(`paused ${check.name}`, "Check paused", `${check.name} keeps its last result${check.paused.until_us ? ` until ${clockTime(check.paused.until_us)}` : " until unpause"}`));
  }
  for (const stranger of status.strangers) {
    if (recent(stranger.heard_us, node.now_us)) {
      alerts.push(info(`stranger ${stranger.vrid} ${stranger.interface} ${stranger.address}`, "Foreign group", `${stranger.address} advertises VRID ${stranger.vrid} on ${stranger.interface}, which is not configured here`));
    }
  }
  if (node.findings > 0) alerts.push(info("findings", "Configuration", `${count(node.findings, "finding")}: standfast check shows ${node.findings === 1 ? "it" : "them"}`));
  return alerts;
}

function drainText(drain) {
  const end = drain.until_us ? `until ${clockTime(drain.until_us)}` : "until resume";
  return `this node gives up everything ${end}${drain.hard ? ", even as the last resort" : ""}; asked by ${drain.who}`;
}

/** `3 MASTER, 1 BACKUP`. */
export function statesText(instances) {
  const found = new Map();
  for (const { state } of instances) found.set(state, (found.get(state) ?? 0) + 1);
  return ["master", "backup", "fault", "leaving", "initialize"].filter((state) => found.has(state)).map((state) => `${found.get(state)} ${WORDS[state]}`).join(", ");
}

/** The largest lateness that all but one in a hundred timers kept below. */
export function latenessText(timing) {
  const all = timing.lateness.reduce((sum, part) => sum + part.count, 0);
  const worst = `worst ${took(timing.worst_us)}`;
  let below = 0;
  for (const part of timing.lateness) {
    below += part.count;
    if (all > 0 && below >= all * 0.99) return part.below_us === null ? worst : `99 % within ${took(part.below_us)}, ${worst}`;
  }
  return worst;
}

// The journal as the page holds it, and one entry as an element.

import { attr, el, icon, text } from "./dom.js";
import { fullTime, isoTime, shortTime, took } from "./format.js";

/** Entries that are kept at most; the oldest go first. */
const KEPT = 25000;

const LEVELS = ["detail", "info", "warning", "error"];

/** How much an entry matters, as a number. */
export const levelOf = (record) => Math.max(0, LEVELS.indexOf(record.level));

/** What an entry is about, as one text. */
export const aboutOf = ({ subject }) => (subject.kind === "node" ? "node" : `${subject.kind} ${subject.name}`);

/** What a check or tracked object became, if the entry says so. */
function checkState(record) {
  if (record.kind === "check-up" || record.kind === "tracked-up") return "up";
  if (record.kind === "check-down" || record.kind === "tracked-down") return "down";
  return record.kind === "check-unusable" ? "unusable" : null;
}

export class Records {
  /** In the order of their numbers. */
  all = [];
  /** Changes of state, `{at, state, record}`, by what they are about. */
  changes = new Map();
  /** What this node has seen of others, `{at, state}`, by instance and address. */
  peers = new Map();
  /** Who else is master, by instance. */
  masters = new Map();
  /** When the daemon was started and stopped: `{at, state}`. */
  runs = [];
  /** What entries are about. */
  about = new Set();
  /** There is more on the node than the page asked for. */
  cut = false;
  /** Counts changes, so that others know when to look again. */
  version = 0;

  clear() {
    Object.assign(this, { all: [], changes: new Map(), peers: new Map(), masters: new Map(), runs: [], about: new Set(), cut: false, version: this.version + 1 });
  }

  /** Takes new entries; says which were new. */
  add(records) {
    const last = this.all.at(-1)?.seq ?? -1;
    const fresh = records.filter((record) => record.seq > last);
    for (const record of fresh) this.#index(record);
    this.all.push(...fresh);
    if (this.all.length > KEPT) this.#rebuild(this.all.slice(-KEPT));
    if (fresh.length > 0) this.version += 1;
    return fresh;
  }

  /** Takes older entries than those that are there. */
  addOlder(records, cut) {
    const first = this.all[0]?.seq ?? Infinity;
    this.cut = cut;
    this.#rebuild([...records.filter((record) => record.seq < first), ...this.all].slice(-KEPT));
  }

  /** Entries of a span of time, both ends included. */
  between(from, to) {
    return this.all.filter((record) => record.at_us >= from && record.at_us <= to);
  }

  /** Who else was master, as far as this node could tell: nobody else knows what it did meanwhile. */
  #others(record) {
    const instance = record.subject.name;
    const takes = record.kind === "entering" && record.state === "master";
    const yields = record.kind === "entering" && record.state === "backup" && record.peer;
    const named = yields || NAMES_A_MASTER.includes(record.kind);
    if (!takes && !(named && record.peer)) return;
    const before = this.masters.get(instance);
    const now = takes ? null : record.peer;
    if (before === now) return;
    if (before) this.#seen(instance, before, record.at_us, "unknown");
    if (now) this.#seen(instance, now, record.at_us, "master");
    this.masters.set(instance, now);
  }

  #seen(instance, address, at, state) {
    const key = `${instance}\n${address}`;
    const seen = this.peers.get(key) ?? [];
    seen.push({ at, state });
    this.peers.set(key, seen);
  }

  #rebuild(records) {
    const { cut } = this;
    this.clear();
    this.cut = cut;
    for (const record of records) this.#index(record);
    this.all = records;
  }

  #index(record) {
    const about = aboutOf(record);
    this.about.add(about);
    const state = record.subject.kind === "instance" ? record.state : checkState(record);
    if (state) {
      const changes = this.changes.get(about) ?? [];
      changes.push({ at: record.at_us, state, record });
      this.changes.set(about, changes);
    }
    if (record.subject.kind === "instance") this.#others(record);
    if (record.subject.kind === "node" && (record.kind === "started" || record.kind === "stopped")) {
      this.runs.push({ at: record.at_us, state: record.kind });
    }
  }
}

/** Entries after which this node knows another one to be master. */
const NAMES_A_MASTER = ["following", "heard-higher", "successor-heard"];

/** One entry. It never changes, so it is made once. */
export function makeRecord(record, now) {
  const level = levelOf(record);
  const time = el("time", { datetime: isoTime(record.at_us), title: fullTime(record.at_us) }, shortTime(record.at_us, now));
  const word = level >= 2 ? el("span", { class: "level" }, icon("warning"), record.level === "error" ? "error" : "warning") : null;
  const body = el("div", { class: "body" }, el("p", {}, word, word ? " " : null, record.text));
  if (record.cause && !record.text.includes(record.cause.text)) body.append(el("p", { class: "because" }, `because: ${record.cause.text}`));
  const more = [record.who ? `asked by ${record.who}` : null, record.took_us ? `took ${took(record.took_us)}` : null].filter(Boolean).join(", ");
  if (more) body.append(el("p", { class: "because" }, more));
  if (record.output?.trim() && !record.text.includes(record.output.trim())) body.append(el("pre", {}, record.output.trim()));
  const root = el("li", { class: "record" }, time, body);
  attr(root, "data-level", record.level);
  if (record.state) attr(root, "data-state", record.state);
  return { root, time, at: record.at_us };
}

/** Shows the day in the time of an entry when it has become yesterday's. */
export const refreshRecord = (view, now) => text(view.time, shortTime(view.at, now));

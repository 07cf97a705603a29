// The time line: a lane for each node of a virtual router and for each check; changes can be opened.

import { attr, byId, el, list, style, text } from "./dom.js";
import { byName, clockTime, count, fullTime, minuteTime, WORDS } from "./format.js";
import { makeRecord } from "./records.js";

const MINUTE = 60e6;
/** Spans, with the distance of the marks on the axis. */
const ZOOMS = [
  { key: "15", label: "15 min", span: 15 * MINUTE, tick: 3 * MINUTE },
  { key: "60", label: "1 h", span: 60 * MINUTE, tick: 10 * MINUTE },
  { key: "360", label: "6 h", span: 360 * MINUTE, tick: 60 * MINUTE },
  { key: "1440", label: "24 h", span: 1440 * MINUTE, tick: 240 * MINUTE },
];
/** Virtual routers that are shown at once. */
const SHOWN = 8;
/** Checks that are shown at once. */
const SHOWN_CHECKS = 12;
/** Changes nearer than this are one mark: a finger has to hit it. */
const MARK_PX = 25;
/** Between a mark and the word behind it. */
const WORD_PX = 15;
/** What is shown around a change. */
const AROUND_US = 10e6;
const AROUND_ENTRIES = 80;

export class Timeline {
  #model;
  #records;
  #announce;
  #zoom = null;
  #select = byId("timeline-instance");
  #lanes = byId("lanes");
  #grid = el("div", { class: "grid", "aria-hidden": "true" });
  #body = el("div", { class: "lane-list" });
  #width = 600;
  #selected = null;
  #opener = null;

  constructor(model, records, announce) {
    this.#model = model;
    this.#records = records;
    this.#announce = announce;
    this.#lanes.append(this.#grid, this.#body);
    this.#makeZoom();
    this.#select.addEventListener("input", () => this.render());
    new ResizeObserver(() => {
      const track = this.#body.querySelector(".track");
      if (track && track.clientWidth !== this.#width) {
        this.#width = track.clientWidth;
        this.render();
      }
    }).observe(this.#lanes);
    byId("around").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#close();
    });
  }

  #makeZoom() {
    try {
      this.#zoom = ZOOMS.find((zoom) => zoom.key === localStorage.getItem("standfast-zoom")) ?? null;
    } catch {}
    for (const zoom of ZOOMS) {
      const button = el("button", { type: "button", "data-zoom": zoom.key }, zoom.label);
      button.addEventListener("click", () => {
        this.#zoom = zoom;
        try {
          localStorage.setItem("standfast-zoom", zoom.key);
        } catch {}
        this.render();
      });
      byId("zoom").append(button);
    }
  }

  render() {
    const { status } = this.#model;
    if (!status) return;
    // Of a daemon that was started just now an hour would be empty.
    this.#zoom ??= this.#model.now - status.node.started_us < ZOOMS[0].span ? ZOOMS[0] : ZOOMS[1];
    for (const button of byId("zoom").children) attr(button, "aria-pressed", String(button.dataset.zoom === this.#zoom.key));
    const step = this.#zoom.span / 1800;
    const to = Math.ceil(this.#model.now / step) * step;
    const window = { from: to - this.#zoom.span, to };
    const instances = this.#chosen(status.instances);
    const groups = instances.map((instance) => ({ key: `i ${instance.name}`, title: instance.name, lanes: this.#nodeLanes(instance, window) }));
    const checks = this.#checkLanes(status, window);
    if (checks.length > 0 && !this.#select.value) groups.push({ key: "checks", title: "Checks", lanes: checks });
    list(this.#body, groups, (group) => group.key, makeGroup, (view, group) => {
      text(view.title, group.title);
      list(view.lanes, group.lanes, (lane) => lane.key, (lane) => this.#makeLane(lane), (one, lane) => this.#updateLane(one, lane, window));
    });
    this.#axis(window);
    this.#note(status, instances);
  }

  #chosen(instances) {
    attr(byId("timeline-of"), "hidden", instances.length < 2);
    if (this.#select.options.length !== instances.length + 1) {
      const chosen = this.#select.value;
      const first = instances.length > SHOWN ? "latest changes" : "all";
      this.#select.replaceChildren(el("option", { value: "" }, first), ...instances.map(({ name }) => el("option", { value: name }, name)));
      this.#select.value = instances.some(({ name }) => name === chosen) ? chosen : "";
    }
    if (this.#select.value) return instances.filter(({ name }) => name === this.#select.value);
    if (instances.length <= SHOWN) return instances;
    const latest = new Map(instances.map((instance) => [instance, this.#records.changes.get(`instance ${instance.name}`)?.at(-1)?.at ?? 0]));
    const shown = new Set([...instances].sort((a, b) => latest.get(b) - latest.get(a)).slice(0, SHOWN));
    return instances.filter((instance) => shown.has(instance));
  }

  #nodeLanes(instance, window) {
    return this.#model.nodesOf(instance).map((node) => {
      const changes = node.here ? this.#records.changes.get(`instance ${instance.name}`) ?? [] : [];
      const spans = node.here ? this.#ownSpans(changes, instance, window) : spansOf(this.#others(instance, node), window);
      return {
        key: node.key, name: node.name, note: node.here ? "this node" : "", now: WORDS[node.state], spans,
        of: `${instance.name} on ${node.name}`, changes: changes.filter(({ at }) => at >= window.from && at <= window.to),
      };
    });
  }

  /** This node's states: what the journal says, and what it does not know while no daemon ran. */
  #ownSpans(changes, instance, window) {
    const points = changes.map(({ at, state }) => ({ at, state }));
    for (const run of this.#records.runs) points.push({ at: run.at, state: run.state === "stopped" ? "off" : "unknown" });
    points.sort((a, b) => a.at - b.at);
    const last = points.at(-1);
    if (!last || last.state !== instance.state) points.push({ at: Math.max(instance.since_us, last?.at ?? 0), state: instance.state });
    return spansOf(points, window);
  }

  /** Another node's states: what this node's journal and the open page have seen of them. */
  #others(instance, node) {
    const live = this.#model.lifeOf(instance.name, node.key);
    const told = this.#records.peers.get(`${instance.name}\n${node.address}`) ?? [];
    const first = live[0]?.at ?? Infinity;
    return [...told.filter(({ at }) => at < first), ...live];
  }

  #checkLanes(status, window) {
    const objects = [
      ...status.checks.map((check) => ({ about: `check ${check.name}`, name: check.name, state: check.paused ? "paused" : check.state })),
      ...status.tracked.filter(({ up }) => up !== null).map((object) => ({ about: `tracked ${object.name}`, name: object.name, state: object.up ? "up" : "down" })),
    ].sort((a, b) => byName(a.name, b.name));
    return objects.slice(0, SHOWN_CHECKS).map(({ about, name, state }) => {
      const changes = this.#records.changes.get(about) ?? [];
      const points = changes.map(({ at, state: then }) => ({ at, state: then }));
      if (points.length === 0) points.push({ at: status.node.configured_us, state: state === "paused" ? "unknown" : state });
      return {
        key: about, name, note: "", now: WORDS[state] ?? state, of: name,
        spans: spansOf(points, window), changes: changes.filter(({ at }) => at >= window.from && at <= window.to),
      };
    });
  }

  #makeLane(lane) {
    const view = {
      name: el("span", { class: "lane-name" }), note: el("span", { class: "here" }),
      spans: el("div", { class: "spans", "aria-hidden": "true" }), marks: el("div", { class: "marks" }), current: null,
    };
    view.root = el("div", { class: "lane", role: "group" }, el("p", { class: "lane-label" }, view.name, " ", view.note), el("div", { class: "track" }, view.spans, view.marks));
    view.marks.addEventListener("keydown", (event) => moveBetween(event, view));
    return view;
  }

  #updateLane(view, lane, window) {
    text(view.name, lane.name);
    text(view.note, lane.note);
    attr(view.root, "aria-label", `${lane.of}: ${lane.now} now, ${count(lane.changes.length, "change")} in ${this.#zoom.label}`);
    const marks = clusters(lane.changes, (MARK_PX / this.#width) * this.#zoom.span);
    const middles = marks.map(middleOf);
    list(view.spans, lane.spans, (span) => span.key, () => ({ root: el("span", { class: "span" }) }), (one, span) => {
      attr(one.root, "data-state", span.state);
      const word = WORDS[span.state] ?? (span.state === "off" ? "NOT RUNNING" : "");
      const pixels = (us) => (us / this.#zoom.span) * this.#width;
      // The word begins right of a mark that covers the beginning of the span.
      const covered = middles.map((middle) => pixels(middle - span.from)).filter((at) => Math.abs(at) < MARK_PX);
      const begin = Math.max(WORD_PX, ...covered.map((at) => at + WORD_PX));
      text(one.root, pixels(span.to - span.from) > word.length * 8.5 + begin + 6 ? word : "");
      style(one.root, "padding-left", `${Math.round(begin)}px`);
      place(one.root, span, window);
    });
    list(view.marks, marks, (mark) => mark[0].record.seq, () => this.#makeMark(lane), (one, mark) => this.#updateMark(one, mark, lane, window));
    const buttons = [...view.marks.children];
    if (!buttons.includes(view.current)) view.current = buttons.at(-1) ?? null;
    for (const button of buttons) attr(button, "tabindex", button === view.current ? "0" : "-1");
  }

  #makeMark() {
    const view = { shown: el("span", { "aria-hidden": "true" }) };
    view.root = el("button", { type: "button", class: "change" }, view.shown);
    view.root.addEventListener("click", () => this.#open(view));
    return view;
  }

  #updateMark(view, mark, lane, window) {
    view.mark = mark;
    view.of = lane.of;
    const last = mark.at(-1);
    const label = mark.length === 1
      ? `${clockTime(last.at)}: ${lane.of} ${WORDS[last.state]}${last.record.cause ? `: ${last.record.cause.text}` : ""}`
      : `${clockTime(mark[0].at)} to ${clockTime(last.at)}: ${lane.of}, ${mark.length} changes, then ${WORDS[last.state]}`;
    attr(view.root, "aria-label", label);
    attr(view.root, "title", label);
    attr(view.root, "data-state", last.state);
    attr(view.root, "aria-pressed", String(this.#selected === mark[0].record.seq));
    text(view.shown, mark.length > 1 ? String(mark.length) : "");
    style(view.root, "left", percent((middleOf(mark) - window.from) / (window.to - window.from)));
  }

  /** What happened around a change, with each cause. */
  #open(view) {
    const { mark } = view;
    const now = this.#model.now;
    this.#selected = mark[0].record.seq;
    this.#opener = view.root;
    const entries = this.#records.between(mark[0].at - AROUND_US, mark.at(-1).at + AROUND_US);
    const ours = new Set(mark.map(({ record }) => record.seq));
    const title = el("h3", { tabindex: "-1", title: fullTime(mark.at(-1).at) }, `${view.of} at ${clockTime(mark.at(-1).at)}: ${WORDS[mark.at(-1).state]}`);
    const close = el("button", { type: "button" }, "Close");
    close.addEventListener("click", () => this.#close());
    const shown = entries.slice(0, AROUND_ENTRIES).map((record) => {
      const made = makeRecord(record, now).root;
      if (ours.has(record.seq)) made.classList.add("chosen");
      return made;
    });
    const cause = mark.at(-1).record.cause;
    byId("around").replaceChildren(
      el("div", { class: "heading" }, title, close),
      el("p", { class: "because" }, cause ? `Cause: ${cause.text}` : mark.at(-1).record.text),
      el("ol", { class: "records" }, ...shown),
      el("p", { class: "note" }, entries.length > AROUND_ENTRIES ? `${AROUND_ENTRIES} of ${entries.length} entries` : `${count(entries.length, "entry", "entries")} from 10 s before to 10 s after`),
    );
    byId("around").hidden = false;
    this.render();
    title.focus({ preventScroll: true });
    byId("around").scrollIntoView({ block: "nearest" });
    this.#announce(`${count(entries.length, "entry", "entries")} around this change`);
  }

  #close() {
    byId("around").hidden = true;
    this.#selected = null;
    this.render();
    if (this.#opener?.isConnected) this.#opener.focus();
  }

  #axis(window) {
    const offset = new Date(window.to / 1000).getTimezoneOffset() * MINUTE;
    let tick = this.#zoom.tick;
    if (this.#width < 420) tick *= 2;
    const ticks = [];
    for (let at = Math.ceil((window.from - offset) / tick) * tick + offset; at <= window.to; at += tick) ticks.push(at);
    list(this.#grid, ticks, String, (at) => ({ root: el("span", { class: "tick" }, el("span", {}, minuteTime(at))) }), (view, at) =>
      style(view.root, "left", percent((at - window.from) / (window.to - window.from))));
  }

  #note(status, shown) {
    const parts = [];
    if (!this.#select.value && shown.length < status.instances.length) parts.push(`${shown.length} of ${status.instances.length} virtual routers, those with the latest changes.`);
    const oldest = this.#records.all[0]?.at_us;
    if (this.#records.cut && oldest) parts.push(`The journal is shown since ${clockTime(oldest)}.`);
    parts.push("Other nodes as far as this one has seen them. A mark opens what happened around a change; arrow keys go from mark to mark.");
    text(byId("timeline-note"), parts.join(" "));
  }
}

function makeGroup(group) {
  const title = el("h3", {}, group.title);
  const lanes = el("div", { class: "group-lanes" });
  return { title, lanes, root: el("div", { class: "lane-group" }, title, lanes) };
}

/** Spans of one state each, within the window. */
function spansOf(points, window) {
  const spans = [];
  points.forEach((point, index) => {
    const end = points[index + 1]?.at ?? window.to;
    const from = Math.max(point.at, window.from);
    const to = Math.min(end, window.to);
    const last = spans.at(-1);
    if (to <= from || point.state === "unknown") return;
    if (last && last.state === point.state && last.to === from) last.to = to;
    else spans.push({ key: point.at, state: point.state, from, to });
  });
  return spans;
}

function place(element, span, window) {
  const all = window.to - window.from;
  style(element, "left", percent((span.from - window.from) / all));
  style(element, "width", percent((span.to - span.from) / all));
}

const percent = (part) => `${(part * 100).toFixed(2)}%`;

const middleOf = (mark) => (mark[0].at + mark.at(-1).at) / 2;

/** Changes that are too near to each other for marks of their own. */
function clusters(changes, distance) {
  const found = [];
  for (const change of changes) {
    const last = found.at(-1);
    if (last && change.at - last[0].at < distance) last.push(change);
    else found.push([change]);
  }
  return found;
}

function moveBetween(event, view) {
  const marks = [...view.marks.children];
  const at = marks.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: marks.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  view.current = marks[Math.min(Math.max(to, 0), marks.length - 1)];
  for (const mark of marks) attr(mark, "tabindex", mark === view.current ? "0" : "-1");
  view.current.focus();
}

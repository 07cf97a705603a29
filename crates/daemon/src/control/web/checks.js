// Checks and what else is tracked: state, last result, how long runs took.

import { attr, byId, el, icon, list, setIcon, text } from "./dom.js";
import { clockTime, count, duration, took, WORDS } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const MARKS = { up: "ok", down: "fault", unusable: "warning", pending: "initialize", paused: "pause" };
/** Size of a sparkline, and of the durations that it shows. */
const RUNS = 32;
const HEIGHT = 24;
const STEP = 4;

export function renderChecks(status, now) {
  const tracked = status.tracked.map((object) => ({ ...object, key: `tracked ${object.name}`, tracked: true }));
  const links = status.interfaces.map((link) => ({ ...link, key: `interface ${link.name}`, link: true }));
  const all = [...status.checks.map((check) => ({ ...check, key: `check ${check.name}` })), ...tracked, ...links];
  attr(byId("checks-section"), "hidden", all.length === 0);
  list(byId("checks"), all, ({ key }) => key, make, (view, item) => {
    if (item.tracked) updateTracked(view, item);
    else if (item.link) updateLink(view, item);
    else updateCheck(view, item, now);
  });
}

function make() {
  const mark = icon("ok");
  const word = el("span");
  const view = {
    mark, word,
    state: el("span", { class: "state" }, mark, word), name: el("strong"), kind: el("span", { class: "kind" }),
    result: el("p", { class: "result" }), output: el("pre", { hidden: true }), runs: el("div", { class: "runs", hidden: true }),
    line: document.createElementNS(SVG, "svg"), runsText: el("span"), rest: el("p", { class: "note" }),
  };
  view.line.setAttribute("class", "spark");
  view.line.setAttribute("aria-hidden", "true");
  view.line.setAttribute("viewBox", `0 0 ${RUNS * STEP} ${HEIGHT}`);
  view.runs.append(view.line, view.runsText);
  view.root = el("li", { class: "check" }, el("p", { class: "who" }, view.state, view.name, view.kind), view.result, view.output, view.runs, view.rest);
  return view;
}

function show(view, state, name, kind) {
  attr(view.root, "data-state", state);
  setIcon(view.mark, MARKS[state] ?? "none");
  text(view.word, WORDS[state] ?? state.toUpperCase());
  text(view.name, name);
  text(view.kind, kind);
}

function updateTracked(view, object) {
  const state = object.up === null ? "pending" : object.up ? "up" : "down";
  show(view, state, object.name, object.kind);
  if (object.up === null) text(view.word, object.seen === null ? "UNKNOWN" : "NUMBER");
  const seen = { file: `the file says ${object.seen}`, process: `${count(object.seen ?? 0, "process", "processes")} running` }[object.kind];
  text(view.result, object.seen === null ? "" : (seen ?? String(object.seen)));
}

function updateLink(view, link) {
  show(view, link.up ? "up" : "down", link.name, "interface");
  text(view.result, link.present ? (link.mac ?? "") : "does not exist");
}

function updateCheck(view, check, now) {
  show(view, check.paused ? "paused" : check.state, check.name, check.kind);
  text(view.result, resultOf(check));
  text(view.output, check.output?.trim() ?? "");
  attr(view.output, "hidden", !check.output?.trim());
  attr(view.runs, "hidden", check.durations_us.length === 0);
  drawRuns(view, check);
  const rest = [`every ${took(check.interval_us)}`, `rise ${check.rise}, fall ${check.fall}`, `${check.passes} passed, ${check.failures} failed`];
  if (check.ended_us) rest.unshift(`last ended ${now - check.ended_us < 1e6 ? "just now" : `${duration(now - check.ended_us)} ago`}`);
  if (check.repairing) rest.unshift("its repair command runs");
  if (check.paused) rest.unshift(check.paused.until_us ? `paused until ${clockTime(check.paused.until_us)}` : "paused until unpause");
  text(view.rest, rest.join(" · "));
}

function resultOf(check) {
  if (check.unusable) return check.unusable;
  const word = check.passed === null ? "no run has ended yet" : check.passed ? "the last run passed" : "the last run failed";
  return check.result && check.result !== "passed" ? `${word}: ${check.result}` : word;
}

function drawRuns(view, check) {
  const runs = check.durations_us.slice(-RUNS);
  const drawn = runs.join(" ");
  if (view.drawn === drawn) return;
  view.drawn = drawn;
  const longest = Math.max(1, ...runs);
  while (view.line.childElementCount < runs.length) view.line.append(document.createElementNS(SVG, "rect"));
  while (view.line.childElementCount > runs.length) view.line.lastChild.remove();
  runs.forEach((run, index) => {
    const height = Math.max(1.5, (run / longest) * HEIGHT);
    const bar = view.line.children[index];
    const at = (RUNS - runs.length + index) * STEP;
    for (const [name, value] of [["x", at], ["y", HEIGHT - height], ["width", STEP - 1], ["height", height]]) bar.setAttribute(name, value.toFixed(1));
  });
  text(view.runsText, runs.length > 0 ? `took ${took(runs.at(-1))}, at most ${took(Math.max(...runs))} in ${count(runs.length, "run")}` : "");
}

// Virtual routers: each a row of nodes, its priority as a bar, its addresses, and why it is so.

import { attr, byId, el, icon, list, setIcon, style, text } from "./dom.js";
import { count, duration, setTime, shortTime, WORDS } from "./format.js";
import { instanceAlerts, nextText, sumOf } from "./model.js";

/** From so many on, rows are short and can be searched. */
const DENSE = 9;
/** Addresses that are shown one by one. */
const SHOWN_ADDRESSES = 8;
/** An explanation that is looked at is asked for again after so long, or when the state changes. */
const EXPLAINED_FOR_MS = 10000;

export class Routers {
  #model;
  #connection;
  #root = byId("router-list");
  #text = byId("router-text");
  #show = byId("router-show");

  constructor(model, connection) {
    this.#model = model;
    this.#connection = connection;
    for (const field of [this.#text, this.#show]) field.addEventListener("input", () => this.render());
  }

  render() {
    const { status } = this.#model;
    if (!status) return;
    const { instances } = status;
    attr(byId("router-filters"), "hidden", instances.length < DENSE);
    attr(this.#root, "data-dense", instances.length >= DENSE);
    const shown = instances.length < DENSE ? instances : instances.filter((instance) => this.#fits(instance));
    attr(byId("routers-none"), "hidden", shown.length > 0 || instances.length === 0);
    list(this.#root, shown, (instance) => instance.name, (instance) => this.#make(instance), (view, instance) => this.#update(view, instance));
  }

  /** Brings an instance into view, also one that the filter hides. */
  reveal(name) {
    this.#text.value = "";
    this.#show.value = "all";
    this.render();
    const view = this.#root.views?.get(name);
    view?.root.scrollIntoView({ block: "start" });
    view?.title.focus({ preventScroll: true });
  }

  #fits(instance) {
    const words = this.#text.value.trim().toLowerCase();
    const where = [instance.name, instance.group, instance.interface, ...instance.addresses.map((address) => address.address), ...this.#model.nodesOf(instance).map((node) => node.name)];
    if (words && !where.some((part) => part?.toLowerCase().includes(words))) return false;
    const show = this.#show.value;
    if (show === "all") return true;
    if (show === "attention") return instanceAlerts(instance, this.#model).some((alert) => alert.level !== "info");
    return instance.state === show;
  }

  #make(instance) {
    const title = el("h3", { tabindex: "-1" }, instance.name);
    const view = {
      title,
      meta: el("p", { class: "meta" }),
      nodes: el("ul", { class: "nodes", "aria-label": `Nodes of ${instance.name}` }),
      alerts: el("ul", { class: "alerts", "aria-label": `Warnings of ${instance.name}` }),
      number: el("strong"),
      bar: el("div", { class: "sum-bar", "aria-hidden": "true" }),
      sum: el("span", { class: "sum-text" }),
      risks: el("span", { class: "risks" }),
      addresses: el("ul", { class: "addresses", "aria-label": `Addresses of ${instance.name}` }),
      more: el("p", { class: "note" }),
      next: el("p", { class: "next" }),
      cause: el("p", { class: "cause" }),
      explained: el("div", { class: "explained" }),
      askedMs: 0,
      askedState: null,
    };
    view.details = el("details", { class: "why" }, el("summary", {}, "Why, and what next?", el("span", { class: "sr" }, ` (${instance.name})`)), view.explained);
    view.details.addEventListener("toggle", () => {
      attr(view.root, "data-open", view.details.open);
      if (view.details.open) this.#explain(view, view.name);
    });
    view.name = instance.name;
    view.root = el(
      "article", { class: "router" },
      el("header", {}, title, view.meta),
      view.nodes, view.alerts,
      el("div", { class: "facts" },
        el("div", { class: "sum" }, el("p", { class: "sum-head" }, el("span", { class: "label" }, "Priority here "), view.number), view.bar, el("p", { class: "sum-line" }, view.sum, " ", view.risks)),
        el("div", { class: "held" }, el("p", { class: "label" }, "Addresses"), view.addresses, view.more)),
      view.cause, view.next, view.details,
    );
    attr(view.root, "aria-label", `Virtual router ${instance.name}`);
    return view;
  }

  #update(view, instance) {
    const { now } = this.#model;
    const alerts = instanceAlerts(instance, this.#model);
    attr(view.root, "data-level", alerts[0]?.level ?? "none");
    text(view.meta, metaText(instance));
    list(view.nodes, this.#model.nodesOf(instance), (node) => node.key, makeNode, (one, node) => updateNode(one, node, now));
    list(view.alerts, alerts, (alert) => alert.key, makeAlert, updateAlert);
    updateSum(view, instance);
    updateAddresses(view, instance);
    text(view.cause, instance.cause ? `${WORDS[instance.state]} since ${shortTime(instance.since_us, now)}: ${instance.cause.text}` : "");
    text(view.next, nextText(instance, now));
    const stale = performance.now() - view.askedMs > EXPLAINED_FOR_MS || view.askedState !== instance.state;
    if (view.details.open && stale && this.#connection.state === "live") this.#explain(view, instance.name);
  }

  async #explain(view, name) {
    view.askedMs = performance.now();
    view.askedState = this.#model.status?.instances.find((instance) => instance.name === name)?.state ?? null;
    if (!view.explained.firstChild) view.explained.append(el("p", { class: "note" }, "Asking the node …"));
    try {
      const explanation = await this.#connection.json(`v1/explain/${encodeURIComponent(name)}`);
      const shown = JSON.stringify(explanation);
      if (view.shown !== shown) view.explained.replaceChildren(...explained(explanation));
      view.shown = shown;
    } catch (error) {
      view.shown = null;
      view.explained.replaceChildren(el("p", { class: "note" }, `The node gives no explanation: ${error.message}`));
    }
  }
}

const FAMILIES = { ipv4: "IPv4", ipv6: "IPv6" };

function metaText(instance) {
  const parts = [`VRID ${instance.vrid}`, `VRRP ${instance.version}`, FAMILIES[instance.family] ?? instance.family];
  if (instance.interface) parts.push(instance.interface);
  if (instance.group) parts.push(`group ${instance.group}`);
  if (!instance.preempt) parts.push("nopreempt");
  if (instance.authentication !== "none") parts.push(`auth ${instance.authentication}`);
  return parts.join(" · ");
}

function makeNode(node) {
  const mark = icon("master");
  const word = el("span");
  const view = {
    mark, word,
    state: el("span", { class: "state" }, mark, word),
    name: el("span", { class: "node-name" }),
    here: el("span", { class: "here" }),
    holds: el("span", { class: "holds" }),
    address: el("span", { class: "address" }),
    priority: el("span", { class: "priority" }),
    since: el("time"),
    age: el("span", { class: "age" }),
  };
  view.root = el("li", { class: "node" },
    el("p", { class: "who" }, view.state, view.name, view.here),
    el("p", { class: "what" }, view.holds, view.address, view.priority),
    el("p", { class: "when" }, el("span", {}, "since ", view.since), view.age));
  return view;
}

function updateNode(view, node, now) {
  attr(view.root, "data-state", node.state);
  attr(view.root, "data-holds", node.holds);
  setIcon(view.mark, node.state === "ignored" ? "warning" : node.state);
  text(view.word, WORDS[node.state]);
  text(view.name, node.name);
  text(view.here, node.here ? "this node" : "");
  text(view.holds, node.word);
  text(view.address, (node.name === node.address ? node.mac : node.address) ?? "");
  const drained = node.drained && node.state !== "silent" ? ", drained" : "";
  text(view.priority, node.priority === null ? "" : `priority ${node.priority}${node.base !== node.priority && node.base !== null ? ` of ${node.base}` : ""}${drained}`);
  setTime(view.since, node.since, now);
  text(view.age, node.state === "silent" ? ` last heard ${duration(now - node.heard)} ago${node.ours ? "" : " (a BACKUP sends nothing)"}` : ` for ${duration(now - node.since)}`);
}

/** A warning as a list item. */
export function makeAlert(alert) {
  const mark = icon("warning");
  const title = el("strong");
  const body = el("span", { class: "alert-text" });
  return { mark, title, body, root: el("li", { class: "alert" }, mark, el("p", {}, title, " ", body)) };
}

export function updateAlert(view, alert) {
  attr(view.root, "data-level", alert.level);
  setIcon(view.mark, alert.level === "info" ? "info" : "warning");
  text(view.title, alert.title);
  text(view.body, alert.text);
}

function updateSum(view, instance) {
  const sum = sumOf(instance.priority);
  text(view.number, String(instance.priority.effective));
  text(view.sum, sum.text);
  text(view.risks, sum.risks.length > 0 ? `(${sum.risks.join(", ")})` : "");
  list(view.bar, sum.segments, (segment) => `${segment.kind} ${segment.key}`,
    () => ({ root: el("span") }),
    (part, segment) => {
      attr(part.root, "class", `segment ${segment.kind}`);
      attr(part.root, "title", segment.label);
      style(part.root, "flex-grow", String(segment.size / sum.scale));
    });
}

function updateAddresses(view, instance) {
  const shown = instance.addresses.slice(0, SHOWN_ADDRESSES);
  list(view.addresses, shown, (address) => `${address.address} ${address.interface}`,
    () => {
      const mark = icon("ok");
      const what = el("span", { class: "mono" });
      const held = el("span", { class: "held-word" });
      return { mark, what, held, root: el("li", {}, mark, what, " ", held) };
    },
    (one, address) => {
      const right = address.wanted === address.held || instance.state === "leaving";
      attr(one.root, "data-held", right ? (address.held ? "yes" : "no") : "wrong");
      setIcon(one.mark, right ? (address.held ? "ok" : "none") : "warning");
      text(one.what, `${address.address}/${address.prefix} ${address.interface}`);
      text(one.held, right ? (address.held ? "held here" : "not here") : address.held ? "held, but should not be" : "not held, but should be");
    });
  const rest = instance.addresses.slice(SHOWN_ADDRESSES);
  text(view.more, rest.length > 0 ? `and ${count(rest.length, "more", "more")}, ${rest.filter((address) => address.held).length} of them held here` : "");
}

function explained(explanation) {
  const parts = [el("p", { class: "headline" }, explanation.headline)];
  const part = (title, lines) => {
    if (lines.length > 0) parts.push(el("h4", {}, title), el("ul", {}, ...lines.map((line) => el("li", {}, line))));
  };
  part("Why", explanation.why);
  if (explanation.problems.length > 0) {
    parts.push(el("h4", {}, "What is wrong"), el("ul", { class: "problems" }, ...explanation.problems.map((problem) =>
      el("li", {}, problem.text, problem.fix ? el("span", { class: "fix" }, " ", problem.fix) : null))));
  }
  part("What happened last", explanation.history);
  part("What would change it", explanation.next);
  return parts;
}

// The journal: filtered, newest first, going on by itself until it is paused.

import { attr, byId, el, list, text } from "./dom.js";
import { byName, count } from "./format.js";
import { aboutOf, levelOf, makeRecord, refreshRecord } from "./records.js";

/** Entries that are shown at once; the filter finds the others. */
const SHOWN = 200;

export class Journal {
  #model;
  #records;
  #text = byId("journal-text");
  #level = byId("journal-level");
  #about = byId("journal-about");
  #pause = byId("journal-pause");
  /** The number of the last entry that is shown while it is paused. */
  #pausedAt = null;
  #drawn = "";

  constructor(model, records) {
    this.#model = model;
    this.#records = records;
    byId("journal-form").addEventListener("submit", (event) => event.preventDefault());
    for (const field of [this.#text, this.#level, this.#about]) field.addEventListener("input", () => this.render());
    this.#pause.addEventListener("click", () => {
      this.#pausedAt = this.#pausedAt === null ? (this.#records.all.at(-1)?.seq ?? 0) : null;
      this.render();
    });
  }

  render() {
    const records = this.#records;
    const paused = this.#pausedAt !== null;
    const drawn = [records.version, this.#text.value, this.#level.value, this.#about.value, this.#pausedAt, new Date().getDate()].join("\n");
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#offer();
    attr(this.#pause, "aria-pressed", String(paused));
    const newer = paused ? records.all.filter((record) => record.seq > this.#pausedAt).length : 0;
    text(this.#pause, paused ? `Go on (${newer} new)` : "Pause");
    const fitting = this.#fitting();
    list(byId("journal"), fitting.slice(0, SHOWN), (record) => record.seq, (record) => makeRecord(record, this.#model.now), (view) => refreshRecord(view, this.#model.now));
    text(byId("journal-note"), this.#note(fitting.length));
  }

  #fitting() {
    const words = this.#text.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const level = Number(this.#level.value);
    const about = this.#about.value;
    const found = [];
    const { all } = this.#records;
    for (let at = all.length - 1; at >= 0; at -= 1) {
      const record = all[at];
      if (this.#pausedAt !== null && record.seq > this.#pausedAt) continue;
      if (levelOf(record) < level || (about && aboutOf(record) !== about)) continue;
      if (words.length > 0 && !matches(record, words)) continue;
      found.push(record);
    }
    return found;
  }

  #note(found) {
    const { all, cut } = this.#records;
    if (all.length === 0) return "Nothing has happened in the last 24 hours, as far as the journal goes back.";
    if (found === 0) return `None of ${count(all.length, "entry", "entries")} fits this filter.`;
    if (found > SHOWN) return `${SHOWN} of ${found} entries; a filter finds the others.`;
    return cut ? "Older entries: standfast events." : "";
  }

  /** What can be chosen, as soon as there are entries about it. */
  #offer() {
    const names = [...this.#records.about].sort(byName);
    if (this.#about.options.length === names.length + 1) return;
    const chosen = this.#about.value;
    this.#about.replaceChildren(el("option", { value: "" }, "everything"), ...names.map((name) => el("option", { value: name }, name)));
    this.#about.value = names.includes(chosen) ? chosen : "";
  }
}

function matches(record, words) {
  const where = [record.text, record.subject.name, record.kind, record.cause?.text, record.output, record.who].filter(Boolean).join("\n").toLowerCase();
  return words.every((word) => where.includes(word));
}

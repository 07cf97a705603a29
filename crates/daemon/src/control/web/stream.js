// The connection to the node: status and journal over server-sent events, with a watchdog, and again by itself when it breaks.
// The stream is read with fetch, because EventSource can neither send a token nor say why it was refused.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;
/** A node says something every five seconds at least; after a longer silence it is asked: a cable that is gone says nothing. */
const SILENCE_MS = 6500;
/** A node that answers, but no longer over the stream: whatever lies between has forgotten that connection. */
const DEAF_MS = 20000;
/** Ticks without a byte after which an answer is given up: that of a node that has been silent, and any other one. Ticks and not milliseconds, since
    time in which this page could not run itself says nothing of the node. */
const TICK_MS = 1000;
const PROOF_TICKS = 5;
const PATIENCE_TICKS = 12;
/** Entries asked for at once, kept at most, and how far back. */
const PAGE = 1000;
const KEPT = 20000;
const HISTORY_US = 24 * 3600e6;
/** A message of a node is never this long; what is longer is no message. */
const LONGEST_MESSAGE = 32 * 1024 * 1024;

/** What the node answered instead of what was asked for. */
export class Refused extends Error {
  constructor(status, said) {
    super(said);
    this.status = status;
  }
}

export class Connection extends EventTarget {
  #token = null;
  #seen = 0;
  #wake = null;
  #abort = null;
  #heard = 0;
  #streamed = 0;
  #historyFor = null;
  #started = 0;
  #asking = false;

  /** `connecting`, `live`, `lost` or `refused`. */
  state = "connecting";
  /** Why it is lost, in words. */
  reason = "";
  /** When anything was heard last, by the browser's clock. */
  heardMs = 0;

  constructor() {
    super();
    try {
      this.#token = sessionStorage.getItem("standfast-token");
    } catch {}
    const again = () => this.#wake?.();
    addEventListener("online", again);
    document.addEventListener("visibilitychange", () => document.hidden || again());
    setInterval(() => this.#watch(), 1000);
    this.#run();
  }

  /** A token has been sent. */
  get tried() {
    return this.#token !== null;
  }

  /** Uses this token from now on. */
  set token(token) {
    this.#token = token;
    try {
      sessionStorage.setItem("standfast-token", token);
    } catch {}
    this.#wake?.();
  }

  /** The JSON of a path below the page's own. Over a slow line it takes as long as it takes, as long as something comes. */
  async json(path, patience = PATIENCE_TICKS) {
    const abort = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1) > patience && abort.abort(), TICK_MS);
    try {
      const answer = await this.#fetch(path, { signal: abort.signal });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return JSON.parse(text);
        ticks = 0;
        text += value;
        if (text.length > LONGEST_MESSAGE) throw new Error("too long");
      }
    } finally {
      clearInterval(timer);
      abort.abort();
    }
  }

  async #fetch(path, options = {}) {
    const headers = { ...options.headers };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    const answer = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options, headers });
    if (answer.ok) return answer;
    const said = await answer.json().catch(() => null);
    throw new Refused(answer.status, said?.error ?? `${answer.status} ${answer.statusText}`);
  }

  async #run() {
    let wait = FIRST_WAIT_MS;
    for (;;) {
      try {
        await this.#session(() => (wait = FIRST_WAIT_MS));
        this.#become("lost", "the node ended the connection");
      } catch (error) {
        const refused = error instanceof Refused && error.status === 401;
        this.#become(refused ? "refused" : "lost", error instanceof Refused ? error.message : "the node does not answer");
      }
      const rest = this.state === "refused" ? 1e9 : wait * (0.8 + 0.4 * Math.random());
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, Math.min(rest, 2 ** 31 - 1));
      });
      this.#wake = null;
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  /** One connection from beginning to end. */
  async #session(good) {
    const status = await this.json("v1/status");
    this.#tell("status", status);
    await this.#sameJournal(status.node.started_us);
    await this.#catchUp();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const answer = await this.#fetch("v1/stream", { signal: abort.signal, headers: { Accept: "text/event-stream", "Last-Event-ID": String(this.#seen) } });
      this.#streamed = performance.now();
      this.#become("live", "");
      good();
      this.#history();
      await this.#read(answer.body);
    } finally {
      abort.abort();
      this.#abort = null;
    }
  }

  /** A daemon that keeps no journal on disk numbers anew when it starts: then what was read before is another journal. */
  async #sameJournal(started) {
    if (this.#started !== 0 && this.#started !== started) {
      const page = await this.json(`v1/events?since_us=${started}&limit=${PAGE}`);
      if (page.records.length > 0 && page.records.at(-1).seq < this.#seen) {
        this.#seen = 0;
        this.#historyFor = null;
        this.dispatchEvent(new Event("reset"));
      }
    }
    this.#started = started;
  }

  /** What the journal has of the last minutes, or since the connection broke. */
  async #catchUp() {
    let path = this.#seen ? `v1/events?after=${this.#seen}&limit=${PAGE}` : `v1/events?since_us=${Math.round((Date.now() - 900e3) * 1000)}&limit=${PAGE}`;
    for (let pages = 0; pages < KEPT / PAGE; pages += 1) {
      const page = await this.json(path);
      this.#records(page.records);
      if (!page.more || page.records.length === 0) break;
      path = `v1/events?after=${this.#seen}&limit=${PAGE}`;
    }
  }

  /** The rest of the last day, once, beside the stream. */
  async #history() {
    if (this.#historyFor !== null) return;
    this.#historyFor = Date.now();
    try {
      const end = this.#seen;
      let page = await this.json(`v1/events?since_us=${Math.round(Date.now() * 1000 - HISTORY_US)}&limit=${PAGE}`);
      const first = page.records[0]?.seq ?? end;
      let cut = false;
      if (end - first > KEPT) {
        cut = true;
        page = await this.json(`v1/events?after=${end - KEPT}&limit=${PAGE}`);
      }
      const older = [...page.records];
      while (page.more && page.records.length > 0 && older.at(-1).seq < end) {
        page = await this.json(`v1/events?after=${older.at(-1).seq}&limit=${PAGE}`);
        older.push(...page.records);
      }
      this.#tell("history", { records: older, cut });
    } catch {
      this.#historyFor = null;
    }
  }

  /** Entries in their order. */
  #records(records) {
    for (const record of records) {
      if (record.seq > this.#seen) this.#seen = record.seq;
    }
    if (records.length > 0) this.#tell("records", records);
  }

  async #read(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let message = { event: "message", data: [] };
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.#alive();
      this.#streamed = this.#heard;
      rest += value;
      if (rest.length > LONGEST_MESSAGE) throw new Error("too long");
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (message.data.length > 0) this.#message(message.event, message.data.join("\n"));
          message = { event: "message", data: [] };
        } else if (line.startsWith("data:")) message.data.push(line.slice(line[5] === " " ? 6 : 5));
        else if (line.startsWith("event:")) message.event = line.slice(6).trim();
      }
    }
  }

  #message(event, data) {
    if (event === "status") this.#tell("status", JSON.parse(data));
    else if (event === "journal") this.#records([JSON.parse(data)]);
    else if (event === "gap") this.#catchUp().catch(() => {});
  }

  #alive() {
    this.heardMs = Date.now();
    this.#heard = performance.now();
  }

  /** Asks a node that has been silent; ends a connection that has become none. */
  async #watch() {
    if (!this.#abort || this.#asking || performance.now() - this.#heard < SILENCE_MS) return;
    this.#asking = true;
    const abort = this.#abort;
    const asked = performance.now();
    this.#heard = asked;
    try {
      this.#tell("status", await this.json("v1/status", PROOF_TICKS));
      if (this.state === "live" && performance.now() - this.#streamed > DEAF_MS) abort.abort();
    } catch {
      // What came meanwhile is an answer too.
      if (this.#heard === asked) abort.abort();
    } finally {
      this.#asking = false;
    }
  }

  #become(state, reason) {
    this.state = state;
    this.reason = reason;
    this.dispatchEvent(new Event("state"));
  }

  #tell(name, detail) {
    this.#alive();
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

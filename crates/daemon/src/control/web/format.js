// Numbers and times as people read them. Times are microseconds since 1970, on the node's clock.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const full = new Intl.DateTimeFormat(undefined, {
  weekday: "short", year: "numeric", month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23", timeZoneName: "short",
});

const date = (us) => new Date(us / 1000);

/** `14:02:11`. */
export const clockTime = (us) => clock.format(date(us));
/** `14:02`. */
export const minuteTime = (us) => minute.format(date(us));
/** All of it, with milliseconds and the browser's time zone. */
export const fullTime = (us) => full.format(date(us));
/** For machines. */
export const isoTime = (us) => date(us).toISOString();

/** `14:02:11`, with the day where it is not today's. */
export function shortTime(us, now) {
  const same = date(us).toDateString() === date(now).toDateString();
  return same ? clockTime(us) : `${day.format(date(us))}, ${clockTime(us)}`;
}

/** `3 min 12 s`: two units at most. */
export function duration(us) {
  const s = Math.max(0, Math.floor(us / 1e6));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** `1.4 ms`, `230 µs`, `3.6 s`: how long something took. */
export function took(us) {
  if (us < 1000) return `${us} µs`;
  if (us < 10e3) return `${(us / 1e3).toFixed(1)} ms`;
  if (us < 1e6) return `${Math.round(us / 1e3)} ms`;
  if (us < 10e6) return `${+(us / 1e6).toFixed(2)} s`;
  return us < 60e6 ? `${Math.round(us / 1e6)} s` : duration(us);
}

/** Shows a time in a `time` element: short, and the whole of it in the title. */
export function setTime(element, us, now) {
  if (element.us === us && element.shownOn === dayOf(now)) return;
  element.us = us;
  element.shownOn = dayOf(now);
  element.textContent = shortTime(us, now);
  element.dateTime = isoTime(us);
  element.title = fullTime(us);
}

const dayOf = (us) => date(us).toDateString();

/** keepalived's words for the states. */
export const WORDS = {
  initialize: "INITIALIZE", backup: "BACKUP", master: "MASTER", fault: "FAULT", leaving: "LEAVING",
  silent: "NOT HEARD", ignored: "IGNORED", up: "UP", down: "DOWN", pending: "PENDING", unusable: "UNUSABLE", paused: "PAUSED",
};

/** `1 check`, `2 checks`. */
export const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

/** Names in the order in which people count. */
export const byName = (a, b) => a.localeCompare(b, undefined, { numeric: true });

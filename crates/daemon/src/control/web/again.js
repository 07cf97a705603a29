// First of all: a part of the page that did not come, because the network changed or the node was busy, is asked for again, with the page; a few
// times, since somebody between may not let it through, and not at all where nobody can count.
"use strict";
(() => {
  const KEY = "standfast-again";
  const FIRST_WAIT_MS = 1000;
  const MOST = 5;
  const own = new URL("./", location.href).href;
  const isOwn = (part) => (part instanceof HTMLScriptElement ? part.src : part instanceof HTMLLinkElement ? part.href : "").startsWith(own);
  const stored = (act) => {
    try {
      return act(sessionStorage);
    } catch {
      return MOST;
    }
  };
  const again = (times) => {
    const wait = FIRST_WAIT_MS * 2 ** times * (0.8 + 0.4 * Math.random());
    setTimeout(() => {
      const answered = (answer) => (answer.ok ? location.reload() : again(times));
      fetch("./", { method: "HEAD", cache: "no-store" }).then(answered, () => again(times));
    }, wait);
  };
  let missing = false;
  addEventListener("error", ({ target }) => {
    if (missing || !isOwn(target)) return;
    missing = true;
    const times = stored((storage) => Number(storage.getItem(KEY)));
    if (times >= MOST) return;
    stored((storage) => storage.setItem(KEY, times + 1));
    again(times);
  }, true);
  addEventListener("load", () => missing || stored((storage) => storage.removeItem(KEY)));
})();

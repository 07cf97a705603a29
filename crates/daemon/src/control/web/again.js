// First of all: a part of the page that did not come, because the network changed or the node was busy, is asked for again, with the page.
"use strict";
(() => {
  const PAUSE = 2000;
  let waiting = false;
  const later = () => setTimeout(again, PAUSE);
  const again = () => fetch("./", { method: "HEAD", cache: "no-store" }).then((answer) => (answer.ok ? location.reload() : later()), later);
  addEventListener("error", ({ target }) => {
    if (waiting || !(target instanceof HTMLScriptElement || target instanceof HTMLLinkElement)) return;
    waiting = true;
    later();
  }, true);
})();

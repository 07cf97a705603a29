// The chosen theme, before the first paint. Storage may be forbidden; then the choice lasts as long as the page.
"use strict";
(() => {
  const KEY = "standfast-theme";
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  let chosen = "system";
  try {
    chosen = localStorage.getItem(KEY) ?? "system";
  } catch {}
  apply(chosen);
  document.addEventListener("DOMContentLoaded", () => {
    const select = document.getElementById("theme");
    select.value = ["light", "dark"].includes(chosen) ? chosen : "system";
    select.addEventListener("change", () => {
      apply(select.value);
      try {
        localStorage.setItem(KEY, select.value);
      } catch {}
    });
  });
})();

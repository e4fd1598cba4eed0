"use strict";
(() => {
  const root = document.documentElement;
  const key = "evalkit-theme";
  const stored = localStorage.getItem(key);
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;
  // a report's own button sets it too
  new MutationObserver(() => {
    if (root.dataset.theme) localStorage.setItem(key, root.dataset.theme);
  }).observe(root, { attributeFilter: ["data-theme"] });
  addEventListener("DOMContentLoaded", () => {
    if (!document.body.classList.contains("bench-page")) return;
    for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
    document.getElementById("theme").addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
    });
  });
})();

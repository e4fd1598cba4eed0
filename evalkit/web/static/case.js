"use strict";
(() => {
  const follow = (id) => document.getElementById(id)?.click();
  const keys = { j: "after", k: "before", ArrowRight: "after", ArrowLeft: "before", u: "back" };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.target.closest(".text") && event.key.startsWith("Arrow")) return;
    if (keys[event.key]) follow(keys[event.key]);
  });
})();

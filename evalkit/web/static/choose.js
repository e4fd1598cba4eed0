"use strict";
// What is chosen by mouse or finger is sent at once. By keyboard each arrow chooses, and nobody would get past the first
// choice: the button sends it.
(() => {
  let byKeys = false;
  addEventListener("keydown", () => (byKeys = true), true);
  addEventListener("pointerdown", () => (byKeys = false), true);
  for (const select of document.querySelectorAll(".choose select:not([name=metric])")) {
    select.addEventListener("change", () => {
      if (!byKeys) select.form.requestSubmit();
    });
  }
})();

"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  for (const element of all(".needs-script")) element.hidden = false;

  const theme = document.getElementById("theme");
  theme.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const copy = document.getElementById("copy");
  if (copy) copy.addEventListener("click", async () => {
    const command = document.getElementById("command");
    try {
      await navigator.clipboard.writeText(command.textContent);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
      copy.textContent = "Selected";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 2000);
  });

  const words = document.getElementById("words");
  if (words) {
    const status = document.getElementById("status");
    const check = document.getElementById("check");
    const seen = document.getElementById("seen");
    const cases = all(".case").map((element) => ({ element, text: element.textContent.toLowerCase() }));
    const filter = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const { element, text } of cases) {
        const fits = (!status.value || element.dataset.status === status.value)
          && (!check.value || element.dataset.check === check.value)
          && wanted.every((word) => text.includes(word));
        element.hidden = !fits;
        if (fits) shown += 1;
      }
      for (const group of all(".group")) group.hidden = !group.querySelector(".case:not([hidden])");
      seen.textContent = `${shown} of ${cases.length} shown`;
    };
    for (const control of [words, status, check]) control.addEventListener("input", filter);
    filter();
  }

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const element of closed) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of closed) element.open = false;
  });
})();

"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  for (const element of all(".needs-script")) element.hidden = false;
  for (const element of all(".without-script")) element.hidden = true;

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

  const links = all(".top nav a");
  const sections = links.map((link) => document.getElementById(link.hash.slice(1)));
  const mark = () => {
    let here = -1;
    sections.forEach((section, at) => { if (section && section.getBoundingClientRect().top < innerHeight / 3) here = at; });
    links.forEach((link, at) => { if (at === here) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current"); });
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  }, { passive: true });
  mark();

  let closed = [];
  addEventListener("beforeprint", () => {
    /* the data of a picture that is drawn says the same again */
    closed = all("details:not([open])").filter((one) => !(one.classList.contains("data") && one.parentElement.querySelector(".drawn:not([hidden])")));
    for (const element of closed) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of closed) element.open = false;
  });
})();

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

  /* what is folded: opened all at once, by an address, and on paper */

  const folds = () => all("main details:not(.case)");
  const unfold = document.getElementById("open-all");
  unfold.addEventListener("click", () => {
    const opened = unfold.getAttribute("aria-pressed") !== "true";
    for (const one of folds()) one.open = opened;
    unfold.setAttribute("aria-pressed", String(opened));
  });
  const lead = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (!target) return;
    const next = target.nextElementSibling;
    const meant = target.localName === "details" ? target : target.localName === "h2" && next && next.matches("details.sheet") ? next : target;
    let opened = false;
    for (let one = meant.closest("details"); one; one = one.parentElement.closest("details")) { opened = opened || !one.open; one.open = true; }
    if (opened) target.scrollIntoView();
  };
  addEventListener("hashchange", lead);
  for (const link of all("a[href^='#']")) link.addEventListener("click", () => { if (link.hash === location.hash) lead(); });
  lead();

  let closed = [];
  addEventListener("beforeprint", () => {
    /* the data of a picture that is drawn says the same again; what is long is printed where it was opened, cases where they are shown */
    closed = all("details:not([open]):not(.long):not(.long *):not([hidden])").filter((one) => !(one.classList.contains("data") && one.parentElement.querySelector(".drawn:not([hidden])")));
    for (const element of closed) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of closed) element.open = false;
  });
})();

"use strict";
(() => {
  const table = document.getElementById("cases");
  const links = table ? Array.from(table.querySelectorAll("tbody th a")) : [];
  const move = (step) => {
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
    links[next].focus();
    links[next].closest("tr").scrollIntoView({ block: "nearest" });
  };
  const follow = (id) => document.getElementById(id)?.click();
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    n: () => follow("later"),
    p: () => follow("earlier"),
    ArrowRight: () => follow("later"),
    ArrowLeft: () => follow("earlier"),
    "/": () => document.getElementById("q").select(),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  table?.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (!row || event.target.closest("a") || String(getSelection())) return;
    row.querySelector("th a").click();
  });
  // an address says what was chosen, and nothing else
  document.querySelector(".search").addEventListener("submit", (event) => {
    for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
  });
  addEventListener("pageshow", () => {
    for (const field of document.querySelector(".search").elements) field.disabled = false;
  });

  const filling = document.getElementById("filling");
  const empty = !links.length;
  const ask = async () => {
    let stands;
    try {
      stands = await (await fetch(filling.dataset.progress)).json();
    } catch {
      return; // the server has ended: there is nothing to wait for
    }
    filling.querySelector("progress").value = stands.share;
    filling.querySelector("span").textContent = stands.problem || stands.said;
    if (stands.problem) return;
    const writes = document.activeElement?.closest(".search"); // what somebody chooses or writes is not taken away
    if ((stands.done || (empty && stands.share > 0)) && !writes) location.reload();
    else setTimeout(ask, 1000);
  };
  if (!filling.hidden) setTimeout(ask, 600);
})();

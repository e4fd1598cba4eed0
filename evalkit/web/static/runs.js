"use strict";
(() => {
  const put = (element, field, value) => {
    if (field === "shade") element.className = `badge ${value}`;
    else if (field === "share") {
      if (value === null) element.removeAttribute("value");
      else element.value = value;
    } else element.textContent = value;
  };
  const rows = new Map(Array.from(document.querySelectorAll("tr[data-live]"), (row) => [Number(row.dataset.number), row]));
  const show = (run) => {
    const row = rows.get(run.number);
    if (!row) return;
    for (const element of row.querySelectorAll("[data-field]")) put(element, element.dataset.field, run[element.dataset.field]);
    if (run.live) return;
    row.querySelector(".under-way")?.remove();
    const pick = row.querySelector("input[name=run]");
    if (pick) pick.disabled = run.state !== "finished";
    rows.delete(run.number);
  };
  const newer = document.getElementById("newer");
  const announce = (many) => {
    newer.firstChild.textContent = many === 1 ? "1 newer run" : `${many > 50 ? "More than 50" : many} newer runs`;
    newer.hidden = false;
  };

  const newest = document.querySelector("table.runs")?.dataset.newest || "0";
  let source = null;
  const listen = () => {
    if (source || document.hidden) return;
    if (!rows.size && newest === "0") return;
    source = new EventSource(`/events?newest=${newest}&open=${Array.from(rows.keys()).join(",")}`);
    source.addEventListener("run", (event) => show(JSON.parse(event.data)));
    source.addEventListener("newer", (event) => announce(JSON.parse(event.data)));
  };
  const rest = () => {
    source?.close();
    source = null;
  };
  // a browser has few connections to one server: a page that nobody looks at gives its own back
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  addEventListener("pagehide", rest);
  addEventListener("pageshow", listen);
  listen();

  for (const select of document.querySelectorAll(".choose select")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
  const chosen = document.getElementById("chosen");
  const compare = document.getElementById("compare");
  if (compare) {
    const count = () => {
      const many = chosen.querySelectorAll("input[name=run]:checked").length;
      compare.disabled = many < 2;
      compare.textContent = many < 2 ? "Choose two runs to compare" : `Compare ${many} runs`;
    };
    chosen.addEventListener("change", count);
    addEventListener("pageshow", count);
    count();
  }
})();

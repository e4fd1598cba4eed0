"use strict";
(() => {
  const rows = new Map(Array.from(document.querySelectorAll("tr[data-live]"), (row) => [Number(row.dataset.number), row]));
  const show = (run) => {
    const row = rows.get(run.number);
    if (!row) return;
    putFields(row, run);
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
  const newest = newer.dataset.newest;
  listenTo(
    () => (rows.size || newest ? `/events?newest=${newest}&open=${Array.from(rows.keys()).join(",")}` : ""),
    { run: show, newer: announce },
  );

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

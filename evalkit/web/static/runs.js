"use strict";
(() => {
  const liveRows = () => new Map(Array.from(document.querySelectorAll("tr[data-live]"), (row) => [Number(row.dataset.number), row]));
  let rows = liveRows();
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
    const runs = many === 1 ? "1 newer run" : `${many > 50 ? "More than 50" : many} newer runs`;
    newer.firstChild.textContent = newer.dataset.hides ? `${runs} ${newer.dataset.hides}: show all runs, newest first` : runs;
    newer.hidden = false;
  };
  let newest = newer.dataset.newest;
  // The list as it is now, row by row from the server; what was ticked stays ticked.
  const renew = async (many) => {
    const list = document.querySelector("table.runs tbody");
    if (!list) return location.reload(); // there was no run
    try {
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      const now = page.querySelector("table.runs tbody");
      if (!now) throw new Error("there is no list any more");
      for (const box of list.querySelectorAll("input[name=run]:checked")) {
        const same = now.querySelector(`input[name=run][value="${CSS.escape(box.value)}"]`);
        if (same) same.checked = true;
      }
      list.replaceWith(document.adoptNode(now));
      document.getElementById("total").textContent = page.getElementById("total").textContent;
      newest = page.getElementById("newer").dataset.newest;
      rows = liveRows();
      stop.again();
    } catch {
      announce(many);
    }
  };
  const stop = listenTo(
    () => (rows.size || newest ? `/events?newest=${newest}&open=${Array.from(rows.keys()).join(",")}` : ""),
    { run: show, newer: (many) => (newer.dataset.hides ? announce(many) : renew(many)) },
  );

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

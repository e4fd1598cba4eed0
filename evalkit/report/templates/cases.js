(() => {
  const list = document.getElementById("case-list");
  if (!list) return;
  const PAGE = 50, FIRST = 10;
  const KINDS = { regressed: "regressed", fixed: "fixed", worst: "worst", lower: "lower", higher: "higher", sampled: "random" };
  const CHANGED = ["regressed", "fixed", "lower", "higher"];
  const at = (id) => document.getElementById(id);
  const words = at("words"), check = at("check"), kind = at("kind"), status = at("status"), order = at("order");
  const seen = at("seen"), more = at("more-cases"), keys = at("keys"), keysOn = at("keys-on");

  /* elements: every text goes in as text */

  const make = (tag, options = {}, ...inner) => {
    const element = document.createElement(tag);
    if (options.class) element.className = options.class;
    for (const [name, value] of Object.entries(options.set || {})) element.setAttribute(name, value);
    element.append(...inner.filter((one) => one !== null && one !== undefined && one !== ""));
    return element;
  };
  const text = (inner, extra = "") => make("pre", { class: `text ${extra}`, set: { dir: "auto", tabindex: "0" } }, ...inner);
  const said = (name, shown, extra = "") => make("div", { class: name ? "said" : "said next" },
    name ? make("span", {}, name) : "", text([shown], extra));
  const note = (many, one, several) => make("p", { class: "small soft" }, `${many} more ${many === 1 ? one : several}`);

  const asked = (exchange) => [
    ...(exchange.prompt || []).map(([role, shown]) => said(role, shown)),
    ...(exchange.references || []).map((shown, n) => said(n ? "" : "reference", shown)),
    exchange.more ? note(exchange.more, "reference", "references") : "",
  ];
  const answer = (exchange) => {
    if (exchange.error) return said("error", exchange.error, "error-text");
    const pieces = exchange.answer || [];
    const head = (pieces.length ? "answer" : "the answer is empty") + (exchange.finish === "length" ? ", cut off at max_tokens" : "");
    const inner = pieces.map(([shown, mark]) => ["mark", "del", "ins"].includes(mark) ? make(mark, {}, shown) : shown);
    return make("div", { class: "said" }, make("span", {}, head), text(inner, "answer-text"));
  };
  const table = (one) => make("table", { class: "evidence" }, make("caption", {}, one.name),
    make("thead", {}, make("tr", {}, ...one.columns.map((name) => make("th", { set: { scope: "col" } }, name)))),
    make("tbody", {}, ...one.rows.map((row) => make("tr", {},
      ...row.map((cell, n) => make("td", { set: { "data-name": one.columns[n] } }, cell))))));
  const body = (one) => make("div", { class: "body" },
    one.labels ? make("p", { class: "case-labels" }, one.labels) : "",
    one.note ? make("p", { class: "small" }, one.note) : "",
    ...(one.shared ? asked(one.shared) : []),
    make("div", { class: "sides" }, ...one.exchanges.map((exchange) => make("section", {},
      exchange.heading ? make("h4", {}, exchange.heading) : "", ...asked(exchange), answer(exchange)))),
    one.more ? make("p", { class: "small soft" }, `${one.more} more ${one.more === 1 ? "exchange" : "exchanges"} of this case in report.json.`) : "",
    one.evidence ? make("dl", { class: "pairs" }, ...one.evidence.flatMap(([name, shown]) => [make("dt", {}, name), make("dd", {}, shown)])) : "",
    ...(one.tables || []).map(table));
  const build = (one) => make("details", { class: "case", set: { "data-check": one.check, "data-kind": one.kind, "data-status": one.status } },
    make("summary", {},
      make("span", { class: "which" }, make("span", { class: `kind ${one.kind}` }, KINDS[one.kind]), " ", make("span", { class: "of-check" }, one.check)),
      make("strong", {}, one.case || ""),
      make("span", { class: "small measured" }, `${one.metric || ""} `, make("strong", {}, one.value),
        ...(one.status === "scored" ? [] : [" ", make("span", { class: one.shade }, one.status)])),
      make("span", { class: "teaser", set: { dir: "auto" } }, one.teaser || "")),
    body(one));

  /* which of them are shown */

  const texts = (node) => typeof node === "string" ? node : node && typeof node === "object" ? Object.values(node).map(texts).join(" ") : "";
  const standing = Array.from(list.children).map((element) => ({
    element, check: element.dataset.check, kind: element.dataset.kind, status: element.dataset.status,
    value: element.dataset.value === undefined ? null : Number(element.dataset.value),
    name: element.querySelector("summary > strong").textContent, text: () => element.textContent.toLowerCase(),
  }));
  const stored = at("case-data") ? JSON.parse(at("case-data").textContent) : [];
  const cases = standing.concat(stored.map((one) => ({
    one, element: null, check: one.check || "", kind: one.kind, status: one.status,
    value: one.number === undefined ? null : one.number, name: one.case || "", text: () => texts(one).toLowerCase(),
  })));
  const sorted = {
    low: (a, b) => (a.value === null) - (b.value === null) || a.value - b.value,
    high: (a, b) => (a.value === null) - (b.value === null) || b.value - a.value,
    name: (a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
  };
  let limit = FIRST;
  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let fitting = cases.filter((one) => (!check.value || one.check === check.value)
      && (!status.value || one.status === status.value)
      && (!kind.value || one.kind === kind.value || (kind.value === "changed" && CHANGED.includes(one.kind))));
    if (wanted.length) fitting = fitting.filter((one) => {
      if (one.searched === undefined) one.searched = one.text();
      return wanted.every((word) => one.searched.includes(word));
    });
    if (sorted[order.value]) fitting = fitting.slice().sort(sorted[order.value]);
    const shown = fitting.slice(0, limit), found = fitting.slice(limit, PAGE);
    for (const one of [...shown, ...found]) if (!one.element) one.element = build(one.one);
    for (const one of shown) one.element.hidden = false;
    for (const one of found) one.element.hidden = "until-found";  /* the browser's own search finds them, too */
    list.replaceChildren(...[...shown, ...found].map((one) => one.element));
    list.hidden = !shown.length;
    const count = fitting.length === cases.length ? `${cases.length}` : `${fitting.length} of ${cases.length}`;
    seen.textContent = `${count} ${cases.length === 1 ? "case" : "cases"}` + (shown.length < fitting.length ? `, ${shown.length} shown` : "");
    at("printed").textContent = String(shown.length);
    at("on-paper").hidden = shown.length >= cases.length;
    more.parentElement.hidden = shown.length >= fitting.length;
    more.textContent = `Show ${Math.min(limit < PAGE ? PAGE - limit : PAGE, fitting.length - shown.length)} more`;
  };
  const restart = () => { limit = words.value || check.value || kind.value || status.value || order.value ? PAGE : FIRST; show(); };
  const further = () => { limit = limit < PAGE ? PAGE : limit + PAGE; show(); };
  list.addEventListener("beforematch", further);
  let typing = 0;
  words.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(restart, cases.length > 300 ? 150 : 0); });
  for (const control of [check, kind, status, order]) control.addEventListener("input", restart);
  more.addEventListener("click", () => {
    const before = limit;
    further();
    const next = list.children[before];
    if (next) next.querySelector("summary").focus();
  });
  for (const link of document.querySelectorAll(".to-cases")) link.addEventListener("click", () => {
    words.value = ""; status.value = ""; order.value = "";
    check.value = link.dataset.check || "";
    kind.value = link.dataset.kind || "";
    restart();
  });

  /* by keyboard */

  const step = (by) => {
    const summaries = Array.from(list.querySelectorAll(".case:not([hidden]) > summary"));
    const here = document.activeElement ? summaries.indexOf(document.activeElement.closest(".case")?.querySelector("summary")) : -1;
    const next = summaries[here < 0 ? 0 : Math.min(summaries.length - 1, Math.max(0, here + by))];
    if (next) { next.focus(); next.scrollIntoView({ block: "center" }); }
  };
  at("keys-button").addEventListener("click", () => keys.showModal());
  at("keys-close").addEventListener("click", () => keys.close());
  words.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.preventDefault(); words.value = ""; restart(); words.blur(); }
    if (event.key === "Enter") { event.preventDefault(); clearTimeout(typing); restart(); step(1); }
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open || !keysOn.checked) return;
    if (event.target.closest && event.target.closest("input, select, textarea, [contenteditable]")) return;
    const acts = { j: () => step(1), k: () => step(-1), "/": () => { words.focus(); words.scrollIntoView({ block: "center" }); }, "?": () => keys.showModal() };
    if (Object.hasOwn(acts, event.key)) { event.preventDefault(); acts[event.key](); }
  });
  show();
})();

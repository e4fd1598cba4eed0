(() => {
  const data = document.getElementById("chart-data");
  if (!data || typeof vegaEmbed === "undefined") return;
  const specs = JSON.parse(data.textContent);
  const refuse = () => Promise.reject(new Error("nothing is fetched"));
  const within = (address) => (/^\/runs\/[^/]/.test(address) ? Promise.resolve({ href: address }) : refuse());  /* the workbench's own pages */
  const loader = { options: {}, load: refuse, sanitize: within, http: refuse, file: refuse };
  const font = getComputedStyle(document.body).fontFamily;
  const soft = "var(--soft)", line = "var(--line)", rule = "var(--rule)";

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const tooltip = (_, event, __, value) => {
    tip.hidden = !value;
    if (!value) return;
    tip.textContent = typeof value === "object" ? Object.values(value).join(", ") : String(value);
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 8))}px`;
    tip.style.top = `${Math.max(4, Math.min(event.clientY + 16, innerHeight - box.height - 8))}px`;
  };

  const config = (width, folded) => ({
    font, background: null, view: { stroke: null }, aria: false, ...(folded ? { lineBreak: "\n" } : {}),  /* which texts that are numbers do not bear */
    axis: {
      labelColor: soft, titleColor: soft, gridColor: line, domainColor: rule, tickColor: rule, labelFontSize: width < 480 ? 11 : 12, titleFontSize: 12,
      titleFontWeight: "normal", labelLimit: Math.max(110, Math.round(width * 0.5)), titlePadding: 8,
    },
    axisX: { labelLimit: 140 },
    text: { color: "var(--ink)", fontSize: 12 },
    legend: { labelColor: soft, titleColor: soft, labelFontSize: 12 },
  });
  const room = (figure) => {
    const most = Number(figure.dataset.widest) || 1200;
    const closed = figure.closest(".folds > details:not([open])");  /* as wide as a word; what is in it will not be */
    const whole = closed ? closed.parentElement.clientWidth : 0, gap = 32;
    const free = closed ? (whole > 28 * gap ? (whole - gap) / 2 : whole) : figure.clientWidth;
    return Math.floor(Math.min(most, free));
  };
  const foldedNames = (spec) => Boolean(spec.usermeta) && spec.data.values.some((row) => String(row.name).includes("\n"));
  /* names that would take more than their part of the room stand above their lines */
  const fitting = (spec, width) => {
    const lines = spec.usermeta && spec.usermeta.lines;
    if (!lines) return spec;
    const names = spec.data.values.map((row) => String(row.name).split("\n"));
    const longest = Math.max(...names.flat().map((part) => part.length)), deep = Math.max(...names.map((parts) => parts.length));
    if (longest * 6.2 <= width * 0.42) return spec;
    const above = structuredClone(spec);
    above.height = lines * (27 + 15 * deep);
    for (const { encoding } of above.layer) {
      if (encoding.y && encoding.y.axis) Object.assign(encoding.y.axis, { labelAlign: "left", labelBaseline: "bottom", labelPadding: 0, labelOffset: -11, labelLimit: width });
    }
    return above;
  };
  const drawn = new Map();
  const draw = async (place) => {
    if (drawn.has(place)) return;
    const figure = place.closest("figure"), width = room(figure);
    if (width < 60) return;
    drawn.set(place, null);
    place.hidden = false;
    const inside = document.createElement("div");
    inside.setAttribute("aria-hidden", "true");  /* the sentence on the place says it */
    place.replaceChildren(inside);
    const spec = { ...fitting(specs[place.dataset.chart], width), width, autosize: { type: "fit-x", contains: "padding" } };
    const options = { ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip, loader, hover: false, logLevel: 1, config: config(width, foldedNames(spec)) };
    try {
      const made = await vegaEmbed(inside, spec, options);
      for (const form of inside.querySelectorAll("form")) form.remove();
      drawn.set(place, { view: made.view, width, height: spec.height });
      for (const one of figure.querySelectorAll(".undrawn")) one.hidden = true;
    } catch (error) {
      place.hidden = true;
      console.error(`the picture ${place.dataset.chart} could not be drawn: ${error.message}`);
    }
  };
  const visible = (place) => place.closest("figure").clientWidth > 0;
  const idle = window.requestIdleCallback || ((call) => setTimeout(call, 1));
  const folded = (place) => place.closest("details:not([open])") !== null;
  const waiting = (which) => Array.from(document.querySelectorAll(".drawn")).find((place) => !drawn.has(place) && visible(place) && which(place));
  const next = () => idle(async () => {
    let place = waiting((one) => !folded(one));
    if (!place) {
      document.documentElement.dataset.drawn = "all";  /* what is seen; what is folded comes after, so that paper has it */
      place = waiting(folded);
    }
    if (!place) { document.documentElement.dataset.folded = "drawn"; return; }
    await draw(place);
    next();
  });
  for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", () => {
    if (details.open) for (const place of details.querySelectorAll(".drawn")) draw(place);
    if (details.open) fit();
  });
  const fit = () => {
    for (const [place, made] of drawn) {
      const width = made && visible(place) ? room(place.closest("figure")) : 0;
      if (width <= 60 || width === made.width) continue;
      if (fitting(specs[place.dataset.chart], width).height !== made.height) { made.view.finalize(); drawn.delete(place); draw(place); continue; }
      made.width = width;
      made.view.width(width).runAsync();
    }
  };
  let resizing = 0;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(fit, 200);
  });
  next();
})();

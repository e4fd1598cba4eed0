"use strict";
(() => {
  const live = document.getElementById("live");
  if (live.dataset.live !== "1") return;
  const pace = document.getElementById("pace");
  const paces = [];
  let last = null;
  const draw = (fields) => {
    if (last && fields.seconds > last.seconds) paces.push((fields.tokens - last.tokens) / (fields.seconds - last.seconds));
    last = fields;
    if (paces.length > 60) paces.shift();
    const most = Math.max(...paces, 1);
    const bars = paces.map((value, row) => {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const height = Math.max((16 * Math.max(value, 0)) / most, 0.5);
      const place = { x: 120 - 2 * (paces.length - row), y: 16 - height, width: 1.4, height };
      for (const [name, number] of Object.entries(place)) bar.setAttribute(name, number);
      return bar;
    });
    pace.replaceChildren(...bars);
  };
  const stop = listenTo(() => `/runs/${encodeURIComponent(live.dataset.run)}/events`, {
    run: (fields) => {
      const grown = `check.${live.dataset.checks}.said` in fields || `gate.${live.dataset.gates}.word` in fields;
      if (!fields.live || grown) {
        stop();
        if (!fields.live) {
          const over = document.getElementById("over");
          over.textContent = `The run is ${fields.state}: ${fields.word}`;
          over.hidden = false;
        }
        setTimeout(() => location.reload(), grown ? 0 : 800);
        return;
      }
      putFields(document, { ...fields, speed: fields.speed || "–", asked: fields.asked || "–" });
      document.title = `${Math.round(100 * (fields.share || 0))} % · ${fields.suite} on ${fields.model}`;
      draw(fields);
    },
  });
})();

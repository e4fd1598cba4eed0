"use strict";
// Puts values into the elements that name them. Text goes in as text: nothing here makes markup.
const putFields = (within, fields) => {
  for (const element of within.querySelectorAll("[data-field]")) {
    const field = element.dataset.field;
    const value = fields[field];
    if (value === undefined) continue;
    if (element.tagName === "PROGRESS") {
      if (value === null) element.removeAttribute("value");
      else element.value = value;
    } else if (field === "shade" || field.endsWith(".shade")) {
      element.className = `badge ${value}`;
    } else if (element.textContent !== String(value)) {
      element.textContent = value;
    }
  }
};

// Listens while somebody looks: a browser has few connections to one server, and a hidden page gives its own back.
// What it returns ends the listening; its `again` begins it anew, at the address of now.
const listenTo = (address, handlers) => {
  let source = null;
  let since = "";
  let note = null;
  const heard = () => {
    note?.remove();
    note = null;
    since = "";
  };
  // A page that is no longer told anything says so: what stands there would be taken for what is.
  const unheard = () => {
    if (!source) return;
    const over = source.readyState === EventSource.CLOSED; // it answered, and not with news: it is not asked again
    const again = Boolean(since);
    since ||= new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    if (!over && !again) return;
    if (!note) {
      note = document.createElement("p");
      note.className = "note lost";
      note.setAttribute("role", "status");
      document.querySelector("#main h1").after(note);
    }
    const why = over ? "There is no more news here" : "The server does not answer";
    const then = over ? "Load the page again." : "It is asked again every few seconds.";
    note.textContent = `${why}: what stands below is as of ${since}. ${then}`;
  };
  const listen = () => {
    if (source || document.hidden) return;
    const at = address();
    if (!at) return;
    source = new EventSource(at);
    source.addEventListener("open", heard);
    source.addEventListener("error", unheard);
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
  };
  const rest = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  addEventListener("pagehide", rest);
  addEventListener("pageshow", listen);
  listen();
  const again = () => {
    rest();
    listen();
  };
  return Object.assign(rest, { again });
};

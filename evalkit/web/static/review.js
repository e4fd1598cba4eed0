"use strict";
// Sends the page's own form and puts the answer in place of the page. Until the server says that a word is kept,
// nothing moves; texts of others come only as the server escaped them.
(() => {
  const find = (id) => document.getElementById(id);
  const storage = "evalkit-review-keys";
  const status = document.createElement("p");
  status.className = "review-status";
  status.setAttribute("role", "status");
  document.body.append(status);
  let turn = Promise.resolve();
  let busy = false;
  let pause = 0;

  const tell = (text, wrong = false) => {
    status.textContent = text;
    for (const fading of status.getAnimations()) fading.currentTime = 0;
    status.classList.toggle("wrong-status", wrong);
  };
  class Refused extends Error {}

  const ask = async (address, options) => {
    let response;
    try {
      response = await fetch(address, options);
    } catch {
      throw new Refused("The server does not answer. What you said before is kept; say this again when it runs.");
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!response.ok) {
      const said = [...page.querySelectorAll("main h1, main p")].slice(0, 2);
      throw new Refused(`Not kept. ${said.map((element) => element.textContent.trim()).join(". ")}`);
    }
    return { page, address: response.url };
  };

  const post = (button, more = {}) => {
    const form = find("review");
    const body = new URLSearchParams(new FormData(form));
    if (button) body.set(button.name, button.value);
    return ask(form.action, { method: "POST", body, ...more });
  };

  const put = ({ page, address }, push = true) => {
    clearTimeout(pause);
    const main = page.querySelector("#main");
    document.querySelector("#main").replaceWith(main);
    document.title = page.title;
    if (push && address !== location.href) history.pushState(null, "", address);
    for (const element of main.querySelectorAll(".needs-script")) element.hidden = false;
    prepare();
    scrollTo(0, 0);
    find("item")?.focus({ preventScroll: true });
  };

  // One after the other; a key that is pressed meanwhile is for an item that nobody has seen, and does nothing.
  const only = (work) => {
    if (busy) return;
    busy = true;
    document.body.classList.add("sending");
    const slow = setTimeout(() => tell("The server takes long to answer. Nothing moves until it has."), 3000);
    turn = turn.then(work).catch((error) => {
      if (!(error instanceof Refused)) console.error(error);
      tell(error.message, true);
    }).finally(() => {
      clearTimeout(slow);
      busy = false;
      document.body.classList.remove("sending");
    });
  };

  const say = (button) => only(async () => {
    const said = button.dataset.said;
    const answered = await post(button);
    forget();
    put(answered);
    tell(button.name === "label" ? `Kept: ${said}` : said[0].toUpperCase() + said.slice(1));
  });

  const go = (address, push = true) => only(async () => {
    await keepNote();
    put(await ask(address), push);
    tell("");
  });

  // A note is kept when somebody stops writing, and written down in the tab until the server has it.
  const dirty = () => {
    const note = find("note");
    return note && note.value.trim() !== note.defaultValue.trim();
  };
  const forget = () => {
    const note = find("note");
    if (note) sessionStorage.removeItem(`evalkit-note ${note.dataset.place}`);
  };
  const keepNote = async (more) => {
    clearTimeout(pause);
    if (!dirty()) return;
    const note = find("note");
    const text = note.value;
    await post(find("keep"), more);
    note.defaultValue = text;
    note.form.elements.was.value = text;
    if (note.value === text) forget();
    if (find("note") === note) find("note-state").textContent = "kept";
  };
  const noteSoon = (wait) => {
    clearTimeout(pause);
    pause = setTimeout(() => {
      if (busy) return noteSoon(300);
      turn = turn.then(() => keepNote()).catch((error) => {
        if (find("note-state")) find("note-state").textContent = "not kept yet";
        tell(error.message, true);
      });
    }, wait);
  };

  const prepare = () => {
    const note = find("note");
    const draft = note && sessionStorage.getItem(`evalkit-note ${note.dataset.place}`);
    if (draft !== null && note && draft !== note.value) {
      note.value = draft;
    }
    if (dirty()) noteSoon(1500); // also what was written before this script was there
    if (find("keys-on")) find("keys-on").checked = localStorage.getItem(storage) !== "off";
  };

  document.addEventListener("submit", (event) => {
    if (event.target.id !== "review") return;
    event.preventDefault();
    if (event.submitter) say(event.submitter);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id !== "note") return;
    sessionStorage.setItem(`evalkit-note ${event.target.dataset.place}`, event.target.value);
    find("note-state").textContent = "";
    noteSoon(1500);
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "keys-on") localStorage.setItem(storage, event.target.checked ? "on" : "off");
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.id === "note" && dirty()) noteSoon(0);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#help")) find("keys").showModal();
    const link = event.target.closest("#before, #after, .places-of a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.href);
  });
  addEventListener("popstate", () => go(location.href, false));
  addEventListener("pagehide", () => {
    if (dirty()) keepNote({ keepalive: true }).catch(() => {});
  });

  const press = (selector) => document.querySelector(selector)?.click();
  const acts = {
    s: () => press('#review [value="skip"]'),
    u: () => press('#review [value="undo"]'),
    n: () => find("note")?.focus(),
    j: () => press("#after"),
    k: () => press("#before"),
    ArrowRight: () => press("#after"),
    ArrowLeft: () => press("#before"),
    "?": () => find("keys")?.showModal(),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || find("keys")?.open) return;
    if (event.target.id === "note") {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.target.closest("input, select, textarea")) return;
    if (event.target.closest(".text") && event.key.startsWith("Arrow")) return;
    if (localStorage.getItem(storage) === "off" && event.key !== "?") return;
    const act = /^[1-9]$/.test(event.key) ? () => press(`#review [name="label"][value="${event.key}"]`) : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  prepare();
})();

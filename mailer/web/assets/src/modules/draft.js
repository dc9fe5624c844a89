// A text that a person writes: kept on the server while they type, with what differs from the template and how it
// sounds beside it. On the part of the page that shows a draft: it is not changed under somebody who types in it.

import { differences } from "../words.js";

const AFTER_TYPING = 1200;
const AT_LEAST_EVERY = 4000;
const TRY_AGAIN = 5000;
const PATIENCE = 10_000;

export default function draft(element) {
  if (element.matches("form")) edit(element);
  else guard(element);
}

function guard(part) {
  const isBusy = () => {
    const active = document.activeElement;
    return part.contains(active) && active.matches("input:not([type=checkbox], [type=hidden]), textarea") && active.value;
  };
  compare(part);
  part.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target === part && (isBusy() || document.hidden)) event.preventDefault();
  });
}

// The part was brought by itself: another text than the one that was being read is read first. What it is compared
// with stays with the item, which is another one whenever it is shown anew.
function compare(part) {
  const [item, letter] = [part.closest("#item"), part.querySelector("[data-letter]")];
  const approve = part.querySelector(".approval button");
  if (!item || !letter) return;
  const text = letter.textContent.trim();
  const isRead = item.read?.draft !== letter.dataset.letter || item.read.text === text;
  const read = () => (item.read = { draft: letter.dataset.letter, text });
  if (isRead || !approve || approve.disabled) return isRead && read();
  approve.disabled = true;
  letter.before(
    changedBox(part, item.read.text, text, (box) => {
      read();
      box.remove();
      approve.disabled = false;
    }),
  );
}

function changedBox(part, before, after, done) {
  const [box, head, shown, seen] = ["div", "h3", "div", "button"].map((name) => document.createElement(name));
  Object.assign(box, { className: "stale", role: "status" });
  Object.assign(shown, { className: "letter", dir: "auto" });
  Object.assign(seen, { type: "button", textContent: part.dataset.seen });
  Object.assign(seen.dataset, { key: "y", keyLabel: part.dataset.seenLabel });
  head.textContent = part.dataset.another;
  shown.append(...marked(before, after));
  seen.addEventListener("click", () => done(box));
  box.append(head, shown, seen);
  return box;
}

function marked(before, after) {
  return differences(before, after).map(([kind, text]) => {
    if (kind === "same") return document.createTextNode(text);
    const piece = document.createElement(kind);
    piece.textContent = text;
    return piece;
  });
}

function edit(form) {
  const area = form.querySelector("textarea");
  const notes = form.querySelector("[data-notes]");
  const shown = form.querySelector("[data-difference]");
  const drafted = form.querySelector("[data-drafted]")?.textContent ?? "";
  const state = { kept: area.value, since: 0, timer: 0, asking: Promise.resolve(), stopped: false, failed: false };

  const show = () => {
    shown?.replaceChildren(...marked(drafted, area.value));
  };

  // One at a time: the next one names the version that this one made.
  const keep = (last = false) => {
    state.asking = last ? ask(true) : state.asking.then(() => ask());
    return state.asking;
  };

  const ask = async (last = false) => {
    clearTimeout(state.timer);
    if (state.stopped || area.value === state.kept) return;
    const text = area.value;
    state.since = 0;
    try {
      const answer = await fetch(form.dataset.keep, {
        method: "POST",
        headers: { "HX-Request": "true" },
        body: new URLSearchParams({ draft: form.elements.draft.value, base: form.elements.base.value, text }),
        keepalive: last,
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (![200, 400, 409].includes(answer.status)) throw new Error(String(answer.status));
      await take(answer, text);
      state.failed = false;
      if (area.value !== text) plan();
    } catch (error) {
      state.failed = true;
      notes.textContent = error.message === "401" ? form.dataset.signedOut : form.dataset.offline;
      state.timer = setTimeout(() => keep(), TRY_AGAIN);
    }
  };

  const take = async (answer, text) => {
    notes.innerHTML = await answer.text();
    if (answer.ok) {
      state.kept = text;
      form.elements.base.value = answer.headers.get("x-version");
    }
    state.stopped = !answer.ok;
    const mine = notes.querySelector("[data-rebase]");
    mine?.addEventListener("click", () => {
      form.elements.base.value = mine.dataset.rebase;
      state.stopped = false;
      keep();
    });
  };

  const plan = () => {
    const now = performance.now();
    state.since ||= now;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => keep(), Math.max(0, Math.min(AFTER_TYPING, state.since + AT_LEAST_EVERY - now)));
  };

  area.addEventListener("input", () => {
    requestAnimationFrame(show);
    plan();
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    state.stopped = true;
    clearTimeout(state.timer);
  });
  // It was not sent after all.
  form.addEventListener("pane:failed", () => {
    state.stopped = false;
    plan();
  });
  form.keep = () => (area.value === state.kept ? state.asking : keep());
  window.addEventListener("pagehide", () => keep(true));
  window.addEventListener("beforeunload", (event) => {
    if (state.failed && !state.stopped && form.isConnected) event.preventDefault();
  });
  show();
  // The address names a place of the page, which takes the focus that `autofocus` asks for.
  if (area.autofocus) area.focus();
}

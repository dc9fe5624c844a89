// Single keys (WCAG 2.2, 2.1.4: they can be switched off, and none acts inside an input).
//
// An element says its own key: <a data-key="j" data-key-label="Next">. Pressing it clicks a link or a button and
// focuses an input; a <details> is opened. Keys that are more than a click are registered: onKey("x", "Select", act).
//
// Hands are faster than pages: a key that is held down acts once, what waits for an answer (aria-busy) has no keys, and
// once the page is being left nothing acts that was typed for the next.

const LEAVING = 10_000;

const registered = new Map();
let held = "";
let left = -Infinity;

export function onKey(key, label, act) {
  registered.set(key, { label, act });
}

export function keysAreOn() {
  return document.body.dataset.keys !== "off";
}

// What can be done on this page now: [{key, label, act}], in the order of the page.
export function actions() {
  const found = [];
  for (const element of document.querySelectorAll("[data-key]")) {
    if (element.disabled || element.closest("[hidden], [inert], [aria-busy=true]") || !isShown(element)) continue;
    const label = element.dataset.keyLabel || element.textContent.trim() || element.getAttribute("aria-label");
    found.push({ key: element.dataset.key, label, act: () => use(element) });
  }
  for (const [key, { label, act }] of registered) found.push({ key, label, act });
  return found;
}

function isShown(element) {
  // A button inside a closed <details> has no box, yet its key should work.
  return element.getClientRects().length > 0 || element.closest("details:not([open])") !== null;
}

function use(element) {
  const closed = element.closest("details:not([open])");
  if (closed && element.tagName !== "SUMMARY") closed.open = true;
  if (element.matches("input:not([type=checkbox], [type=submit]), textarea, select")) {
    element.focus();
    element.select?.();
  } else if (element.tagName === "SUMMARY") {
    element.parentElement.open = true;
    element.parentElement.querySelector("input, select, textarea, button")?.focus();
  } else {
    element.click();
  }
}

export function isTyping(target) {
  const element = target.shadowRoot?.activeElement ?? target;
  return element.isContentEditable || element.matches?.("textarea, select, input:not([type=checkbox], [type=radio])");
}

function pressed(event) {
  // Also when it moved the focus into an input, which would take its repetitions.
  if (event.repeat && event.key === held) event.preventDefault();
  if (event.repeat) return;
  held = "";
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!keysAreOn() || performance.now() - left < LEAVING || isTyping(event.composedPath()[0]) || document.querySelector("dialog[open]")) return;
  const action = actions().find((one) => one.key === event.key);
  if (!action) return;
  event.preventDefault();
  held = event.key;
  action.act(event);
}

export function startKeys() {
  document.addEventListener("keydown", pressed);
  addEventListener("beforeunload", () => (left = performance.now()));
  addEventListener("pageshow", () => (left = -Infinity));
}

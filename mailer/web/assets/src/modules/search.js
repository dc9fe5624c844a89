// The search page: arrows (and j, k) go through what was found, Escape goes back to the words.

import { onKey } from "../keys.js";

export default function search(element) {
  const input = element.querySelector("input[type=search]");
  const hits = () => [...element.querySelectorAll("[data-hit]")];
  const move = (step) => {
    const all = hits();
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : -1) : at + step;
    if (next < 0) input.focus();
    else all[Math.min(next, all.length - 1)]?.focus();
  };
  element.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (event.target !== input && !event.target.matches("[data-hit]")) return;
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape" && event.target !== input) {
      input.focus();
    }
  });
  onKey("j", element.dataset.next, () => move(1));
  onKey("k", element.dataset.previous, () => move(-1));
  // The words stay where they were being written.
  if (input.value) input.setSelectionRange(input.value.length, input.value.length);
}

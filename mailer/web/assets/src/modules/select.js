// Rows of the list are selected by x, and from the last one up to here by X. The list is brought up to date without
// losing what is selected. Without this module the boxes of the rows do the same.

import { onKey } from "../keys.js";

export default function select(form) {
  const go = form.querySelector("[data-go]");
  const plain = go.textContent;
  const chosen = new Set();
  let last = null;

  const boxes = () => [...document.querySelectorAll('#list input[form="together"]')];

  function count() {
    for (const box of boxes()) (box.checked ? chosen.add(box.value) : chosen.delete(box.value));
    const there = boxes().filter((box) => box.checked).length;
    go.disabled = there < 2;
    go.textContent = there ? go.dataset.words.replace("{count}", there) : plain;
  }

  // The row in which one stands: the one with the focus, else the open item.
  function here() {
    const row = document.activeElement?.closest?.("#list li") ?? document.querySelector("#list [aria-current]")?.closest("li");
    return row?.querySelector('input[form="together"]') ?? null;
  }

  onKey("x", form.dataset.pickLabel, () => {
    const box = here() ?? boxes()[0];
    if (!box) return;
    box.checked = !box.checked;
    last = box.value;
    count();
  });
  onKey("X", form.dataset.rangeLabel, () => {
    const all = boxes();
    const to = all.indexOf(here());
    const from = all.findIndex((box) => box.value === last);
    if (to < 0) return;
    for (const box of all.slice(Math.min(to, from < 0 ? to : from), Math.max(to, from) + 1)) box.checked = true;
    last = all[to].value;
    count();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.('#list input[form="together"]')) {
      last = event.target.value;
      count();
    }
  });
  document.addEventListener("queue:rows", () => {
    for (const box of boxes()) box.checked = chosen.has(box.value);
    count();
  });
  count();
}

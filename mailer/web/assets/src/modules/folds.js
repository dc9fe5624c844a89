// One key opens all quotes of a conversation, and folds them again: <section data-module="folds" data-key-name="q">.

import { onKey } from "../keys.js";

export default function folds(element) {
  const quotes = [...element.querySelectorAll("details.quotes")];
  if (quotes.length === 0) return;
  onKey(element.dataset.keyName, element.dataset.keyWords, () => {
    const open = !quotes.every((one) => one.open);
    for (const one of quotes) one.open = open;
  });
}

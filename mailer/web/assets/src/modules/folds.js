// One key opens all quotes of the conversation that is shown, and folds them again: <section data-module="folds">.

import { onKey } from "../keys.js";

export default function folds(element) {
  onKey(element.dataset.keyName, element.dataset.keyWords, () => {
    const quotes = [...document.querySelectorAll("details.quotes")];
    const open = !quotes.every((one) => one.open);
    for (const one of quotes) one.open = open;
  });
}

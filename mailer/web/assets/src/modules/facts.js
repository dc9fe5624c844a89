// On a narrow screen what we know is folded, but for its first part: the mail and the draft come first there.

export default function facts(element) {
  if (!window.matchMedia("(max-width: 48rem)").matches) return;
  for (const [place, one] of [...element.querySelectorAll(":scope > details")].entries()) one.open = place === 0;
}

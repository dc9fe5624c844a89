// The list: which row is the open item, what stands after it, and bringing it up to date without moving what is read.

const CALM = 600;

export class Rows {
  constructor(root, kept) {
    this.root = root;
    this.kept = kept;
    this.place = root.querySelector("#list");
    this.address = root.dataset.list;
    this.timer = 0;
    this.turn = 0;
    this.afterwards = null;
  }

  links() {
    return this.place ? [...this.place.querySelectorAll("a[data-conversation]")] : [];
  }

  mark(item) {
    for (const link of this.links()) {
      if (link.dataset.conversation === item) {
        link.setAttribute("aria-current", "true");
        link.scrollIntoView({ block: "nearest" });
        this.afterwards = this.next(link);
      } else {
        link.removeAttribute("aria-current");
      }
    }
  }

  next(link) {
    const links = this.links();
    return links[links.indexOf(link) + 1]?.dataset.conversation ?? null;
  }

  // Where one stands: the row itself, else the row that came after it when it was still in the list.
  at(item) {
    const links = this.links();
    const found = links.findIndex((link) => link.dataset.conversation === item);
    return found >= 0 ? found : links.findIndex((link) => link.dataset.conversation === this.afterwards) - 0.5;
  }

  neighbour(item, by) {
    const at = this.at(item);
    const links = this.links();
    const to = Number.isInteger(at) ? at + by : Math.round(at + by / 2 + (by < 0 ? -0.01 : 0));
    return links[Math.max(0, to)] ?? null;
  }

  after(item, count) {
    const from = Math.floor(this.at(item)) + 1;
    return this.links().slice(from, from + count);
  }

  focus(by) {
    const links = this.links();
    const at = links.indexOf(document.activeElement);
    links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
  }

  // Soon, and once for many reasons.
  refreshSoon(item) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(item), CALM);
  }

  // `item` says which one is open when the answer is there: keys are faster than the network.
  async refresh(item) {
    if (!this.place) return;
    const turn = ++this.turn;
    let answer;
    try {
      answer = await fetch(this.address, { headers: { "X-Pane": "rows" } });
    } catch {
      return;
    }
    if (!answer.ok || answer.headers.get("x-pane") !== "rows") return;
    const html = await answer.text();
    if (turn === this.turn) this.take(html, item());
  }

  take(html, item) {
    const pane = this.place.closest(".pane-list") ?? document.scrollingElement;
    const top = pane.scrollTop;
    const focused = document.activeElement?.closest?.("#list a[data-conversation]")?.dataset.conversation;
    this.place.innerHTML = html;
    htmx.process(this.place);
    if (item) {
      for (const link of this.links()) if (link.dataset.conversation === item) link.setAttribute("aria-current", "true");
    }
    pane.scrollTop = top;
    if (focused) this.place.querySelector(`a[data-conversation="${focused}"]`)?.focus({ preventScroll: true });
    this.place.dispatchEvent(new CustomEvent("queue:rows", { bubbles: true }));
  }
}

// Items that were fetched ahead, for half a minute. Each is used only when the server says that it still holds.

const LASTS = 30_000;

export class Kept {
  constructor() {
    this.pages = new Map();
    this.asked = new Set();
  }

  lookAhead(links) {
    for (const link of links) {
      const id = link.dataset.conversation;
      if (!this.get(id) && !this.asked.has(id)) this.fetch(id, link.href);
    }
  }

  async fetch(id, address) {
    this.asked.add(id);
    try {
      const answer = await fetch(address, { headers: { "X-Pane": "item", "X-Ahead": "1" } });
      if (answer.ok && answer.headers.get("x-pane") === "item") this.keep(id, await answer.text());
    } catch {
      // The network is away: the item is fetched when somebody wants it.
    } finally {
      this.asked.delete(id);
    }
  }

  keep(id, html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const item = template.content.querySelector("#item");
    if (!item) return;
    template.content.querySelector("[data-news]")?.remove();
    this.pages.set(id, { content: template.content, stamp: item.dataset.stamp, at: performance.now() });
  }

  get(id) {
    const page = this.pages.get(id);
    if (page && performance.now() - page.at < LASTS) return page;
    this.pages.delete(id);
    return null;
  }

  take(id) {
    const page = this.get(id);
    this.pages.delete(id);
    return page;
  }

  // What the server is to compare: "18:ab12,19:cd34".
  names() {
    return [...this.pages.keys()].map((id) => (this.get(id) ? `${id}:${this.pages.get(id).stamp}` : "")).filter(Boolean).join(",");
  }

  forget(id) {
    this.pages.delete(String(id));
  }
}

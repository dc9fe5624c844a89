// Item and facts: links and forms whose answer is an item are swapped in; everything else goes its plain way.

export class Panes {
  constructor(root, rows, kept) {
    this.root = root;
    this.rows = rows;
    this.kept = kept;
    this.place = root.querySelector("#panes");
    this.toasts = root.querySelector("#toasts");
    this.shown = () => {};
    this.turn = 0;
  }

  get item() {
    return this.place?.querySelector("#item") ?? null;
  }

  get current() {
    return this.item?.dataset.conversation ?? "";
  }

  begin() {
    this.root.addEventListener("click", (event) => this.clicked(event));
    this.root.addEventListener("submit", (event) => this.submitted(event));
    this.root.addEventListener("hold:over", (event) => event.target.closest("[data-news]")?.remove());
    addEventListener("popstate", () => (this.place ? this.go(location.href, false) : location.reload()));
    for (const news of this.root.querySelectorAll("[data-news]")) this.toast(news);
    if (this.item) this.shown(this.current);
    this.tidy(location.href, "replaceState");
  }

  clicked(event) {
    const link = event.target.closest("a[href]");
    if (!link || !this.place || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.target || link.download || isHtmx(link) || !isItem(link.href)) return;
    event.preventDefault();
    this.go(link.href);
  }

  submitted(event) {
    const form = event.target;
    if (!this.place || event.defaultPrevented || form.method !== "post" || isHtmx(form) || !form.closest("#panes, #toasts")) return;
    event.preventDefault();
    this.send(form, event.submitter);
  }

  async send(form, submitter) {
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    const body = new URLSearchParams(new FormData(form, submitter));
    form.closest("#toasts [data-news]")?.remove();
    const answer = await fetch(form.action, { method: "POST", body, headers: this.headers() }).catch(() => null);
    form.ariaBusy = "false";
    if (answer) return this.receive(answer);
    // The network is away. The plain form says so, and keeps what was typed.
    form.dataset.plain = "";
    form.requestSubmit(submitter);
  }

  // What was decided is never sent a second time: when its answer cannot be shown, the page is read anew.
  async receive(answer) {
    try {
      await this.take(answer, true);
      this.rows.refresh(() => this.current);
    } catch {
      location.href = answer.redirected ? answer.url : location.href;
    }
  }

  async go(address, push = true) {
    const turn = ++this.turn;
    try {
      const answer = await fetch(address, { headers: this.headers() });
      if (turn === this.turn) await this.take(answer, push, turn, new URL(address, location.href).hash);
    } catch {
      location.href = address;
    }
  }

  headers() {
    return { "X-Pane": "item", "X-Kept": this.kept.names() };
  }

  async take(answer, push, turn = ++this.turn, hash = "") {
    const kind = answer.headers.get("x-pane");
    const html = await answer.text();
    if (turn !== this.turn) return;
    const kept = kind === "kept" && this.kept.take(idOf(answer.url));
    if (kept) this.show(kept.content, html, answer.url + hash, push);
    // It changed, or grew old, while the answer was on its way.
    else if (kind === "kept") await this.go(answer.url + hash, push);
    else if (kind === "item") this.show(null, html, answer.url + hash, push);
    else if (answer.redirected && answer.ok) location.href = answer.url;
    else this.showProblem(html);
  }

  show(ready, html, address, push) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const news = template.content.querySelector("[data-news]");
    news?.remove();
    this.place.replaceChildren(ready ?? template.content);
    if (push) this.tidy(address, "pushState");
    document.title = `${this.item.dataset.title} · ${document.title.split(" · ").at(-1)}`;
    htmx.process(this.place);
    htmx.trigger(this.place, "htmx:load", { elt: this.place });
    if (news) this.toast(news);
    const anchor = location.hash.slice(1) && document.getElementById(location.hash.slice(1));
    if (anchor) anchor.scrollIntoView();
    else this.item.scrollTop = 0;
    if (matchMedia("(max-width: 64rem)").matches && !anchor) scrollTo(0, 0);
    const wanted = this.place.querySelector("[autofocus]") ?? (anchor?.tabIndex >= 0 ? anchor : this.item);
    wanted.focus({ preventScroll: true });
    this.shown(this.current);
    performance.mark("item-shown", { detail: this.current });
  }

  // A refusal, a conflict, a mistake: the page says what happened and what was typed, in the place of the item.
  showProblem(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const main = page.querySelector("main");
    if (!main) return location.reload();
    const pane = document.createElement("article");
    pane.className = "pane pane-item";
    pane.id = "item";
    pane.tabIndex = -1;
    pane.dataset.conversation = this.current;
    pane.dataset.title = page.title.split(" · ")[0];
    pane.append(...main.childNodes);
    this.place.replaceChildren(pane);
    htmx.process(pane);
    htmx.trigger(pane, "htmx:load", { elt: pane });
    pane.focus({ preventScroll: true });
  }

  // The newest stands first; what can be undone stays until that time is over, the rest until the next news.
  toast(news) {
    for (const old of this.toasts.querySelectorAll("[data-news]:not([data-hold])")) old.remove();
    if (!news.children.length) return news.remove();
    // What only says that something was done goes by itself; what has a way back or a way on stays.
    if (!news.querySelector("form, a")) setTimeout(() => news.remove(), 8_000);
    this.toasts.prepend(news);
    htmx.process(news);
    htmx.trigger(news, "htmx:load", { elt: news });
  }

  // What was done once is no part of an address that is read again.
  tidy(address, how) {
    const clean = new URL(address);
    for (const name of ["undo", "notice", "back"]) clean.searchParams.delete(name);
    if (clean.href !== location.href) history[how](null, "", clean);
  }
}

function isItem(address) {
  const url = new URL(address, location.href);
  return url.origin === location.origin && /^\/conversations\/\d+$/.test(url.pathname) && !(url.hash && url.pathname + url.search === location.pathname + location.search);
}

function idOf(address) {
  return new URL(address).pathname.split("/").at(-1);
}

function isHtmx(element) {
  return ["hx-get", "hx-post", "hx-put", "hx-delete", "data-plain"].some((name) => element.hasAttribute(name));
}

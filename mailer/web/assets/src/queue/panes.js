// Item and facts: links and forms whose answer is an item are swapped in; everything else goes its plain way.

import { Typed } from "./typed.js";

// A second press of the same hand comes within this time; nobody read the item by then.
const FRESH = 500;
const PATIENCE = 20_000;

export class Panes {
  constructor(root, rows, kept) {
    this.root = root;
    this.rows = rows;
    this.kept = kept;
    this.place = root.querySelector("#panes");
    this.toasts = root.querySelector("#toasts");
    this.typed = new Typed(this.place);
    this.shown = () => {};
    this.turn = 0;
    // The item that was asked for and is not there yet.
    this.toward = "";
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
    this.root.addEventListener("htmx:load", (event) => event.target.id === "draft-part" && this.rest());
    document.addEventListener("htmx:responseError", (event) => event.detail.xhr.status === 401 && this.signedOut());
    addEventListener("popstate", () => this.went());
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
    if (!this.place || event.defaultPrevented || form.method !== "post" || form.target || isHtmx(form) || !form.closest("#panes, #toasts")) return;
    event.preventDefault();
    if (!form.matches("[data-fresh] .approval")) this.send(form, event.submitter);
  }

  // Back and forward. A place within the page is no other page.
  went() {
    if (location.pathname + location.search === this.address) return;
    if (this.place) this.go(location.href, false);
    else location.reload();
  }

  // A decision is sent once. Whoever went on before its answer came is left where they are, and told.
  async send(form, submitter) {
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    const [turn, from] = [this.begins(), location.href];
    const body = new URLSearchParams(new FormData(form, submitter));
    await this.keepWords();
    const told = await this.ask(form.action, { method: "POST", body });
    if (told && told.answer.status !== 401) {
      if (turn === this.turn) await this.take(told, true, "", told.answer.redirected ? told.answer.url : from);
      else this.mention(told.html, from);
      form.closest("#toasts [data-news]")?.remove();
      this.rows.refresh(() => this.current);
    } else {
      form.dispatchEvent(new CustomEvent("pane:failed"));
      told ? this.signedOut() : this.say(this.root.dataset.away);
    }
    form.ariaBusy = "false";
    this.ends(turn);
  }

  async go(address, push = true) {
    const turn = this.begins();
    this.toward = idOf(address);
    await this.keepWords();
    const told = await this.ask(address);
    if (turn === this.turn && !told) this.say(this.root.dataset.away);
    else if (turn === this.turn && told.answer.status === 401) this.signedOut();
    else if (turn === this.turn) await this.take(told, push, new URL(address, location.href).hash, address);
    this.ends(turn);
  }

  // Until its answer is here, keys that are pressed are meant for what comes, not for what still stands here.
  begins() {
    this.place.ariaBusy = "true";
    return ++this.turn;
  }

  ends(turn) {
    if (turn !== this.turn) return;
    this.place.ariaBusy = "false";
    this.toward = "";
  }

  // What the server keeps while it is typed, it has before anything else is asked.
  keepWords() {
    return Promise.all([...this.place.querySelectorAll("form[data-keep]")].map((form) => form.keep?.()));
  }

  async ask(address, how = {}) {
    const headers = { "X-Pane": "item", "X-Kept": this.kept.names() };
    try {
      const answer = await fetch(address, { ...how, headers, signal: AbortSignal.timeout(PATIENCE) });
      return { answer, html: await answer.text() };
    } catch {
      return null;
    }
  }

  // What cannot be shown here is read anew: `otherwise` says where.
  async take({ answer, html }, push, hash, otherwise) {
    const kind = answer.headers.get("x-pane");
    try {
      const kept = kind === "kept" && this.kept.take(idOf(answer.url));
      if (kept) this.show(kept.content, html, answer.url + hash, push);
      // It changed, or grew old, while the answer was on its way.
      else if (kind === "kept") await this.go(answer.url + hash, push);
      else if (kind === "item") this.show(null, html, answer.url + hash, push);
      else if (answer.redirected && answer.ok) location.href = answer.url;
      else this.showProblem(html);
    } catch {
      location.href = otherwise;
    }
  }

  show(ready, html, address, push) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const news = template.content.querySelector("[data-news]");
    news?.remove();
    const [before, from] = [this.current, location.href];
    const leaves = this.typed.leave(before);
    this.place.replaceChildren(ready ?? template.content);
    this.typed.comeBack(this.current);
    this.rest();
    if (push) this.tidy(address, "pushState");
    else this.address = location.pathname + location.search;
    document.title = `${this.item.dataset.title} · ${document.title.split(" · ").at(-1)}`;
    htmx.process(this.place);
    htmx.trigger(this.place, "htmx:load", { elt: this.place });
    if (news) this.toast(news);
    if (leaves && before !== this.current) this.say(this.root.dataset.left, from);
    const anchor = location.hash.slice(1) && document.getElementById(location.hash.slice(1));
    if (anchor) anchor.scrollIntoView();
    else this.item.scrollTop = 0;
    if (matchMedia("(max-width: 64rem)").matches && !anchor) scrollTo(0, 0);
    const wanted = this.place.querySelector("[autofocus]") ?? (anchor?.tabIndex >= 0 ? anchor : this.item);
    wanted.focus({ preventScroll: true });
    this.shown(this.current);
    performance.mark("item-shown", { detail: this.current });
  }

  rest() {
    this.place.dataset.fresh = "";
    clearTimeout(this.resting);
    this.resting = setTimeout(() => delete this.place.dataset.fresh, FRESH);
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
    this.typed.leave(this.current);
    this.place.replaceChildren(pane);
    htmx.process(pane);
    htmx.trigger(pane, "htmx:load", { elt: pane });
    pane.focus({ preventScroll: true });
  }

  mention(html, from) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const news = page.querySelector("[data-news]");
    if (news) this.toast(document.adoptNode(news));
    else this.say(page.querySelector("h1")?.textContent ?? this.root.dataset.changed, from);
  }

  // Another tab, so that what is typed here stays.
  signedOut() {
    if (this.toasts.querySelector("[target=_blank]")) return;
    this.say(this.root.dataset.signedOut, "/sign-in", this.root.dataset.signIn).target = "_blank";
  }

  // Nothing moves under the agent's eyes: a line says it, and its link shows it.
  say(words, address = "", label = this.root.dataset.show) {
    const [news, notice, said, link] = ["div", "div", "p", "a"].map((name) => document.createElement(name));
    [news.className, notice.className, link.className] = ["news", "notice", "button"];
    [news.dataset.news, said.textContent, link.href, link.textContent] = ["", words, address, label];
    notice.append(said, ...(address ? [link] : []));
    news.append(notice);
    this.toast(news);
    document.getElementById("live").textContent = words;
    return link;
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
    this.address = location.pathname + location.search;
  }
}

function isItem(address) {
  const url = new URL(address, location.href);
  return url.origin === location.origin && /^\/conversations\/\d+$/.test(url.pathname) && !(url.hash && url.pathname + url.search === location.pathname + location.search);
}

function idOf(address) {
  return new URL(address, location.href).pathname.split("/").at(-1);
}

function isHtmx(element) {
  return ["hx-get", "hx-post", "hx-put", "hx-delete"].some((name) => element.hasAttribute(name));
}

// What others do, as it happens: one stream for a tab in sight. What it says is in web/live.py.
//
// A browser opens six connections to a server, so tabs that nobody sees have none, and catch up when they are seen.

const AGAIN = 5_000;

export function startLive(panes, rows) {
  const current = () => panes.current;
  let source = null;
  let timer = 0;
  let wasCut = false;
  let claimed = null;

  function open() {
    clearTimeout(timer);
    if (source || document.hidden) return;
    source = new EventSource("/live");
    for (const [name, act] of Object.entries({ counts, changed, claims })) {
      source.addEventListener(name, (event) => act(JSON.parse(event.data)));
    }
    source.addEventListener("open", opened);
    source.addEventListener("error", cut);
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
    wasCut = true;
  }

  function opened() {
    if (!wasCut) return;
    wasCut = false;
    claimed = null;
    rows.refresh(current);
    tell("live:changed", Number(current()));
  }

  // A browser asks again by itself, but not after an answer that is no stream, as of a proxy.
  function cut() {
    wasCut = true;
    if (source.readyState !== EventSource.CLOSED) return;
    close();
    timer = setTimeout(open, AGAIN);
  }

  function counts(found) {
    for (const place of document.querySelectorAll("[data-count]")) {
      const count = String(found[place.dataset.count] ?? place.textContent);
      if (place.textContent !== count) place.textContent = count;
    }
  }

  function changed({ changed, wrote }) {
    for (const item of changed) rows.kept.forget(item);
    rows.refreshSoon(current);
    const open = Number(current());
    if (!open || !changed.includes(open)) return;
    const hasWritten = wrote.includes(open);
    tell(hasWritten ? "live:wrote" : "live:changed", open);
    if (hasWritten) panes.say(panes.root.dataset.wrote, location.href);
  }

  function claims(found) {
    claimed = found;
    rows.refreshSoon(current);
    sayClaims();
  }

  // An item that was fetched ahead knows no more than the moment in which it was fetched.
  function sayClaims() {
    const place = panes.item?.querySelector("[data-claimed]");
    if (!place || !claimed) return;
    const names = claimed.filter((one) => String(one.conversation) === current() && !one.mine).map((one) => one.name);
    const words = names.length ? place.dataset.words.replace("NAME", names.join(", ")) : "";
    if (place.textContent !== words) place.textContent = words;
  }

  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
  return { shown: sayClaims };
}

// Parts of the item know how to ask again by themselves: hx-trigger="live:changed from:document".
function tell(name, conversation) {
  document.dispatchEvent(new CustomEvent(name, { detail: { conversation } }));
}

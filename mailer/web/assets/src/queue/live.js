// What others do, as it happens: one stream for each tab of the browser. What it says is in web/live.py.

export function startLive(root, panes, rows) {
  const source = new EventSource("/live");
  const on = (name, act) => source.addEventListener(name, (event) => act(JSON.parse(event.data)));
  const current = () => panes.current;
  let wasCut = false;

  source.addEventListener("open", () => {
    if (wasCut) rows.refresh(current);
    wasCut = false;
  });
  source.addEventListener("error", () => {
    wasCut = true;
  });
  addEventListener("pagehide", () => source.close());

  on("counts", (counts) => {
    for (const place of document.querySelectorAll("[data-count]")) {
      const count = String(counts[place.dataset.count] ?? place.textContent);
      if (place.textContent !== count) place.textContent = count;
    }
  });
  on("changed", ({ changed, wrote }) => {
    for (const item of changed) rows.kept.forget(item);
    rows.refreshSoon(current);
    const open = Number(current());
    if (!open || !changed.includes(open)) return;
    const name = wrote.includes(open) ? "live:wrote" : "live:changed";
    document.dispatchEvent(new CustomEvent(name, { detail: { conversation: open } }));
    // Parts of the item that know how to ask again by themselves: hx-trigger="item from:body".
    document.body.dispatchEvent(new CustomEvent("item", { detail: { conversation: open } }));
    if (name === "live:wrote") announce(root, panes, root.dataset.wrote);
  });
  on("claims", (claims) => {
    rows.refreshSoon(current);
    const place = panes.item?.querySelector("[data-claimed]");
    if (!place) return;
    const names = claims.filter((one) => String(one.conversation) === current() && !one.mine).map((one) => one.name);
    const words = names.length ? place.dataset.words.replace("NAME", names.join(", ")) : "";
    if (place.textContent !== words) place.textContent = words;
  });
}

// Nothing moves under the agent's eyes: a line says it, and its link shows it.
function announce(root, panes, words) {
  const news = document.createElement("div");
  news.className = "news";
  news.dataset.news = "";
  const notice = document.createElement("div");
  notice.className = "notice";
  const said = document.createElement("p");
  said.textContent = words;
  const show = document.createElement("a");
  show.className = "button";
  show.href = location.href;
  show.textContent = root.dataset.show;
  notice.append(said, show);
  news.append(notice);
  panes.toast(news);
  document.getElementById("live").textContent = words;
}

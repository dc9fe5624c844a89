// Who has an item open for more than a glance says so, and goes on saying it until they go on.

const GLANCE = 2_000;
const AGAIN = 15_000;

export function startClaims(root) {
  let open = null;
  let timer = 0;

  function say(item, end = "") {
    fetch(`/conversations/${item}/claim${end}`, { method: "POST", keepalive: true }).catch(() => {});
  }

  function renew() {
    if (document.hidden) return;
    say(open);
    timer = setTimeout(renew, AGAIN);
  }

  function leave() {
    clearTimeout(timer);
    if (open) say(open, "/end");
    open = null;
  }

  function begin(item) {
    if (open === item) return;
    leave();
    if (!item || !("claims" in root.dataset)) return;
    timer = setTimeout(() => {
      open = item;
      renew();
    }, GLANCE);
  }

  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden && open) renew();
  });
  return { open: begin };
}

// Who has an item open for more than a glance says so, and goes on saying it until they go on.

const GLANCE = 2_000;
const AGAIN = 15_000;

export function startClaims(root) {
  let open = null;
  let isSaid = false;
  let timer = 0;

  function say(item, end = "") {
    fetch(`/conversations/${item}/claim${end}`, { method: "POST", keepalive: true }).catch(() => {});
  }

  function renew() {
    clearTimeout(timer);
    if (document.hidden || !open) return;
    if (isSaid) say(open);
    timer = setTimeout(() => {
      isSaid = true;
      renew();
    }, isSaid ? AGAIN : GLANCE);
  }

  function leave() {
    clearTimeout(timer);
    if (isSaid) say(open, "/end");
    isSaid = false;
  }

  function begin(item) {
    if (open === item) return;
    leave();
    open = item && "claims" in root.dataset ? item : null;
    renew();
  }

  addEventListener("pagehide", leave);
  addEventListener("pageshow", renew);
  document.addEventListener("visibilitychange", renew);
  return { open: begin };
}

// Counts down what can still be taken back: <span data-module="hold" data-seconds="12">12 s</span>. The seconds are
// the server's, so a browser whose clock is wrong counts right. While the machine sleeps only the clock goes on; when
// somebody sets it, only the other does: what says that more time is over is believed.

export default function hold(element) {
  const [began, at] = [performance.now(), Date.now()];
  const tick = () => {
    const gone = Math.max(performance.now() - began, Date.now() - at) / 1000;
    const left = Math.max(0, Math.ceil(Number(element.dataset.seconds) - gone));
    element.textContent = `${left} s`;
    if (left === 0) {
      clearInterval(timer);
      element.dispatchEvent(new CustomEvent("hold:over", { bubbles: true }));
    }
  };
  const timer = setInterval(tick, 250);
  tick();
}

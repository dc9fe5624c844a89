// Counts down what can still be taken back: <span data-module="hold" data-seconds="12">12 s</span>. The seconds are
// the server's, so a browser whose clock is wrong counts right.

export default function hold(element) {
  const end = performance.now() + Number(element.dataset.seconds) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    element.textContent = `${left} s`;
    if (left === 0) {
      clearInterval(timer);
      element.dispatchEvent(new CustomEvent("hold:over", { bubbles: true }));
    }
  };
  const timer = setInterval(tick, 250);
  tick();
}

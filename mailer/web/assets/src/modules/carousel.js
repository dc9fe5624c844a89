// Mails side by side, one at a time in sight: turned by buttons or keys, each left out or taken in, the chosen counted.

export default function carousel(form) {
  const list = form.querySelector("[data-slides]");
  const slides = [...form.querySelectorAll("[data-slide]")];
  const turned = form.querySelector("[data-turned]");
  const chosen = form.querySelector("[data-chosen]");
  let at = 0;

  const count = () => {
    const boxes = [...form.querySelectorAll('input[name="included"]')];
    const out = (slide) => slide.classList.toggle("left-out", slide.querySelector('input[name="included"]')?.checked === false);
    slides.forEach(out);
    if (chosen) chosen.textContent = String(boxes.filter((box) => box.checked).length);
  };
  const turn = (by) => {
    at = Math.min(Math.max(at + by, 0), slides.length - 1);
    list.scrollTo({ left: slides[at].offsetLeft - list.offsetLeft });
    turned.textContent = `${at + 1} / ${slides.length}`;
  };
  list.addEventListener("scroll", () => {
    const near = slides.map((slide) => Math.abs(slide.offsetLeft - list.offsetLeft - list.scrollLeft));
    at = near.indexOf(Math.min(...near));
    turned.textContent = `${at + 1} / ${slides.length}`;
  });
  for (const button of form.querySelectorAll("[data-turn]")) {
    button.addEventListener("click", () => turn(Number(button.dataset.turn)));
  }
  form.querySelector("[data-toggle]")?.addEventListener("click", () => {
    const box = slides[at].querySelector('input[name="included"]');
    if (box) box.checked = !box.checked;
    count();
  });
  form.addEventListener("change", count);
  count();
  turn(0);
}

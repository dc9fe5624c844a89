// One mail at a time. What was not shown is not sent: its hidden `seen` waits until it was, and so does the button.
// Without this module all mails stand below each other, so all were shown.

export default function together(form) {
  const slides = [...form.querySelectorAll("[data-slide]")];
  const approve = form.querySelector("[data-approve]");
  let at = 0;

  const seen = (slide) => slide.querySelector("[name=seen]");
  const goes = (slide) => slide.querySelector("[name=item]");

  function count() {
    if (!approve) return;
    const unseen = slides.filter((slide) => seen(slide).disabled).length;
    const chosen = slides.filter((slide) => goes(slide).checked).length;
    approve.disabled = unseen > 0 || chosen === 0;
    const words = unseen > 0 ? approve.dataset.unseen : approve.dataset.allSeen;
    approve.textContent = words.replace("{count}", unseen > 0 ? unseen : chosen);
  }

  function show(next) {
    at = Math.min(Math.max(next, 0), slides.length - 1);
    slides.forEach((slide, place) => (slide.hidden = place !== at));
    seen(slides[at]).disabled = false;
    form.querySelector("[data-previous]").disabled = at === 0;
    form.querySelector("[data-next]").disabled = at === slides.length - 1;
    count();
  }

  for (const slide of slides) seen(slide).disabled = true;
  form.querySelector("[data-previous]").addEventListener("click", () => show(at - 1));
  form.querySelector("[data-next]").addEventListener("click", () => show(at + 1));
  form.querySelector("[data-exclude]").addEventListener("click", () => {
    goes(slides[at]).checked = !goes(slides[at]).checked;
    count();
  });
  form.addEventListener("change", count);
  form.classList.add("one-by-one");
  show(0);
}

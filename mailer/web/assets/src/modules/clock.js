// The simulator's slider: it fills in days and hours of its form, and asks for the story when it is let go.

export default function clock(element) {
  const slide = element.querySelector("input");
  const form = element.closest("form");
  slide.addEventListener("input", () => {
    const hours = Math.round(Number(slide.value) * 24);
    form.elements.days.value = String(Math.floor(hours / 24));
    form.elements.hours.value = String(hours % 24);
    form.elements.minutes.value = "0";
  });
}

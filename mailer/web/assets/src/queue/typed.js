// Words that nobody sent yet, as of a note: they come back with their conversation. They are kept in memory only, as
// they speak of customers. What the server keeps while it is typed (data-keep) needs none of this.

export class Typed {
  constructor(place) {
    this.place = place;
    this.words = new Map();
    addEventListener("beforeunload", (event) => {
      if (this.words.size || this.here().length) event.preventDefault();
    });
  }

  // The words of a form that is on its way stay out.
  here() {
    const areas = this.place ? [...this.place.querySelectorAll("form:not([data-keep], [aria-busy=true]) textarea")] : [];
    return areas
      .filter((area) => area.value.trim() && area.value !== area.defaultValue)
      .map((area) => [area.form.getAttribute("action"), area.name, area.value]);
  }

  // True when words stay behind.
  leave(item) {
    const words = this.here();
    if (words.length) this.words.set(item, words);
    return words.length > 0;
  }

  comeBack(item) {
    for (const [action, name, value] of this.words.get(item) ?? []) {
      const area = this.place.querySelector(`form[action="${action}"] textarea[name="${name}"]`);
      if (!area) continue;
      area.value = value;
      const folded = area.closest("details");
      if (folded) folded.open = true;
    }
    this.words.delete(item);
  }
}

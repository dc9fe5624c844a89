// The template studio: an editor over the form's <textarea>, a preview beside it, checks below it.
//
// <form data-module="studio" data-name data-check data-preview data-words data-save>. Without this module the form
// works as it stands: it saves a draft, and a link shows the preview.

import { setDiagnostics } from "@codemirror/lint";
import { EditorView } from "@codemirror/view";

import { openEditor } from "../studio/editor.js";

const PREVIEW_AFTER = 60;
const ASK_AGAIN_AFTER = 500;
const CHECK_AFTER = 450;
const SAVE_AFTER = 1500;
const TRY_AGAIN = 5000;

function after(delay, act) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, delay);
  };
}

class Studio {
  constructor(form) {
    this.form = form;
    this.area = form.querySelector("textarea");
    this.state = form.querySelector("[data-saved]");
    this.frame = document.querySelector("[data-frame]");
    this.asked = { preview: 0, check: 0 };
    this.saved = this.area.value;
    this.saving = Promise.resolve();
    this.again = 0;
    this.view = openEditor(this.area, {
      isHtml: form.dataset.name.endsWith(".html"),
      words: () => this.words(),
      save: () => this.save(true),
      publish: () => this.publish(),
      changed: () => this.changed(),
    });
    this.previewSoon = after(PREVIEW_AFTER, () => this.preview());
    this.checkSoon = after(CHECK_AFTER, () => this.check());
    this.saveSoon = after(SAVE_AFTER, () => this.save());
    this.listen();
  }

  listen() {
    document.addEventListener("click", (event) => {
      const jump = event.target.closest?.("[data-line]");
      if (jump) this.jump(Number(jump.dataset.line), event);
      const insert = event.target.closest?.("[data-insert]");
      if (insert) this.insert(insert.dataset.insert);
    });
    for (const control of document.querySelectorAll("[data-look]")) {
      control.addEventListener("change", () => (this.area.readOnly ? control.form.submit() : this.preview()));
      if (control.type === "search") control.addEventListener("input", this.previewSoon);
    }
    document.querySelector("[data-looks]")?.addEventListener("submit", (event) => {
      if (this.area.readOnly) return;
      event.preventDefault();
      this.preview();
    });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s" && !event.defaultPrevented) {
        event.preventDefault();
        this.save(true);
      }
    });
    this.form.addEventListener("submit", (event) => {
      this.write();
      if (event.submitter?.matches("[data-test]")) {
        event.preventDefault();
        this.test(event.submitter).catch(() => {});
      }
    });
    // A link that leaves must not leave words behind that nobody saved.
    document.querySelector("[data-publish]")?.addEventListener("click", async (event) => {
      if (this.left) return;
      event.preventDefault();
      await this.save(true);
      this.left = !this.isDirty();
      if (this.left) event.target.click();
    });
    if (!this.area.readOnly) {
      window.addEventListener("beforeunload", (event) => this.isDirty() && event.preventDefault());
      this.check();
    }
    this.preview();
  }

  changed() {
    this.write();
    this.previewSoon();
    this.checkSoon();
    if (this.form.dataset.save) {
      this.say("unsaved");
      this.saveSoon();
    }
  }

  write() {
    this.area.value = this.view.state.doc.toString();
  }

  isDirty() {
    return Boolean(this.form.dataset.save) && this.area.value !== this.saved;
  }

  say(what) {
    if (this.state) this.state.textContent = this.state.dataset[what] ?? "";
  }

  fields(more = {}) {
    const looks = [...document.querySelectorAll("[data-look]")].filter((one) => one.type !== "radio" || one.checked);
    return new URLSearchParams({
      name: this.form.dataset.name,
      text: this.area.value,
      ...Object.fromEntries(looks.map((one) => [one.name, one.value])),
      ...more,
    });
  }

  async ask(kind, url, fields) {
    const number = ++this.asked[kind];
    const answer = await fetch(url, { method: "POST", body: fields, headers: { Accept: "application/json" } });
    // A question from another window of this person may have taken the place of ours: it is asked once more.
    if (answer.status === 204 && number === this.asked[kind]) {
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_AFTER));
      return number === this.asked[kind] ? this.ask(kind, url, fields) : null;
    }
    // An answer that a newer question overtook is thrown away.
    return number === this.asked[kind] && answer.ok ? answer.json() : null;
  }

  async preview() {
    if (this.area.readOnly) return;
    const started = performance.now();
    const shown = await this.ask("preview", this.form.dataset.preview, this.fields()).catch(() => null);
    if (!shown) return;
    const pane = document.querySelector("[data-pane]");
    const look = document.querySelector("[name=look]:checked")?.value ?? "desktop";
    pane.dataset.shows = shown.problem ? "problem" : look;
    pane.querySelector("[data-problem]").textContent = shown.problem ?? "";
    pane.querySelector("[data-files]").innerHTML = shown.files;
    if (shown.problem) return;
    pane.querySelector("[data-text]").textContent = shown.text;
    for (const [key, value] of Object.entries(shown.head)) {
      for (const place of pane.querySelectorAll(`[data-head=${key}]`)) place.textContent = value;
    }
    if (this.shown !== shown.frame) {
      this.shown = shown.frame;
      this.frame.addEventListener("load", () => (pane.dataset.took = String(Math.round(performance.now() - started))), { once: true });
      // Replacing keeps the frame's looks out of the browser's history.
      this.frame.contentWindow.location.replace(shown.frame);
    }
    pane.dataset.rendered = String(this.asked.preview);
  }

  async check() {
    const found = await this.ask("check", this.form.dataset.check, this.fields()).catch(() => null);
    if (!found) return;
    document.querySelector("[data-checks]").innerHTML = found.list;
    const doc = this.view.state.doc;
    const diagnostics = found.remarks
      .filter(({ line, file }) => line > 0 && line <= doc.lines && !file)
      .map(({ line, words, mistake }) => {
        const at = doc.line(line);
        const blank = /^\s*/.exec(at.text)[0].length;
        return { from: Math.min(at.from + blank, at.to), to: at.to, severity: mistake ? "error" : "warning", message: words };
      })
      .sort((one, other) => one.from - other.from);
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  // One save at a time: the next one must name the version that this one made.
  save(now = false) {
    this.saving = this.saving.then(() => this.saveNow(now)).catch(() => this.failed());
    return this.saving;
  }

  async saveNow(now) {
    this.write();
    if (!this.form.dataset.save || (!now && !this.isDirty())) return;
    const text = this.area.value;
    this.say("saving");
    const fields = new URLSearchParams(new FormData(this.form));
    fields.set("text", text);
    const answer = await fetch(this.form.dataset.save, { method: "POST", body: fields, headers: { Accept: "application/json" } });
    if (answer.status === 409) return this.say("conflict");
    if (!answer.ok) throw new Error(String(answer.status));
    const { version, draft } = await answer.json();
    this.form.elements.version.value = version;
    if (this.form.elements.draft) this.form.elements.draft.value = draft;
    this.saved = text;
    this.say(this.isDirty() ? "unsaved" : "done");
  }

  // A server that is away comes back.
  failed() {
    this.say("failed");
    clearTimeout(this.again);
    this.again = setTimeout(() => this.save(), TRY_AGAIN);
  }

  publish() {
    document.querySelector("[data-publish]")?.click();
  }

  async test(button) {
    const place = this.form.querySelector("[data-tested]");
    const fields = this.fields({ address: this.form.elements.address.value });
    place.textContent = "";
    const answer = await fetch(button.formAction, { method: "POST", body: fields, headers: { Accept: "application/json" } });
    const said = answer.ok ? "" : (new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main p")?.textContent ?? "");
    place.textContent = answer.ok ? place.dataset.done : `${place.dataset.failed} ${said}`;
  }

  async words() {
    if (!this.known) {
      const answer = await fetch(this.form.dataset.words).catch(() => null);
      if (answer?.ok) this.known = await answer.json();
    }
    return this.known;
  }

  jump(number, event) {
    const doc = this.view.state.doc;
    if (!number || number > doc.lines) return;
    event.preventDefault();
    const line = doc.line(number);
    this.view.dispatch({ selection: { anchor: line.from, head: line.to }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
    this.view.focus();
  }

  insert(words) {
    this.view.dispatch(this.view.state.replaceSelection(words));
    this.view.focus();
  }
}

export default function studio(form) {
  form.studio = new Studio(form);
}

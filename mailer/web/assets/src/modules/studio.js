// The template studio: an editor over the form's <textarea>, a preview beside it, checks below it.
//
// <form data-module="studio" data-name data-check data-preview data-words data-save>. Without this module the form
// works as it stands: it saves a draft, and a link shows the preview.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { jinja } from "@codemirror/lang-jinja";
import { markdown } from "@codemirror/lang-markdown";
import { HighlightStyle, bracketMatching, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  EditorView,
  ViewPlugin,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const PREVIEW_AFTER = 60;
const CHECK_AFTER = 450;
const SAVE_AFTER = 1500;

// Colours are tokens of the sheet: they pass into the shadow tree, light and dark alike.
const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: "var(--chart-3)" },
  { tag: [tags.attributeName], color: "var(--chart-4)" },
  { tag: [tags.string, tags.attributeValue], color: "var(--chart-2)" },
  { tag: [tags.keyword, tags.brace, tags.operatorKeyword, tags.definitionKeyword], color: "var(--chart-1)" },
  { tag: [tags.variableName, tags.propertyName, tags.function(tags.variableName)], color: "var(--chart-1)", fontWeight: "600" },
  { tag: [tags.comment, tags.blockComment], color: "var(--ink-quiet)", fontStyle: "italic" },
  { tag: [tags.heading, tags.strong], fontWeight: "650" },
]);

const looks = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "0.8125rem", height: "100%" },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.5rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-quiet)", border: "0" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent-soft) 45%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--accent-soft)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent)",
  },
  ".cm-front": { backgroundColor: "var(--sunken)" },
  ".cm-front-key": { color: "var(--chart-3)", fontWeight: "600" },
  ".cm-front-note": { color: "var(--ink-quiet)", fontStyle: "italic" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)" },
  ".cm-panels button, .cm-panels input": { color: "var(--ink)", background: "var(--surface)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", border: "1px solid var(--line-strong)", borderRadius: "6px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-ink)" },
  ".cm-completionDetail": { color: "inherit", fontStyle: "normal", opacity: "0.85" },
  ".cm-diagnostic": { padding: "0.25rem 0.5rem", fontFamily: "system-ui, sans-serif" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1.5px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--wait) 1.5px", textUnderlineOffset: "3px" },
  ".cm-lint-marker": { content: "none !important", width: "0.6rem", height: "0.6rem", borderRadius: "50%" },
  ".cm-lint-marker-error": { backgroundColor: "var(--bad)" },
  ".cm-lint-marker-warning": { backgroundColor: "var(--wait)", borderRadius: "0" },
});

// The TOML between the +++ lines is no HTML: its lines are marked, keys and remarks told apart.
const front = ViewPlugin.fromClass(
  class {
    constructor(view) {
      this.decorations = marked(view.state);
    }
    update(update) {
      if (update.docChanged) this.decorations = marked(update.state);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function marked(state) {
  const builder = new RangeSetBuilder();
  if (state.doc.line(1).text.trim() !== "+++") return builder.finish();
  for (let number = 1; number <= state.doc.lines; number++) {
    const line = state.doc.line(number);
    builder.add(line.from, line.from, Decoration.line({ class: "cm-front" }));
    const key = /^\s*(?:[\w.*-]+(?=\s*=)|\[.*\])/.exec(line.text);
    if (key) builder.add(line.from, line.from + key[0].length, Decoration.mark({ class: "cm-front-key" }));
    else if (/^\s*#/.test(line.text)) builder.add(line.from, line.to, Decoration.mark({ class: "cm-front-note" }));
    if (number > 1 && line.text.trim() === "+++") break;
  }
  return builder.finish();
}

// What may stand where: paths in braces, filters behind |, pieces of the kit, blocks in quotes, keys of the front matter.
function complete(words) {
  return async (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const known = await words();
    if (!known) return null;
    const found = (pattern, options) => {
      const match = pattern.exec(before);
      return match ? { from: context.pos - match[1].length, options, validFor: /^[\w./\[\]-]*$/ } : null;
    };
    if (inFront(context.state, line.number)) return found(/^\s*([\w.]*)$/, known.paths);
    const block = found(/\{%-?\s*include\s+["']([\w./-]*)$/, known.blocks);
    if (block) return block;
    const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
    if (open < 0 || open < Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}"))) return null;
    return (
      found(/\|\s*(\w*)$/, known.filters) ??
      found(/\bkit\.(\w*)$/, known.kit) ??
      found(/\{%-?\s*(\w*)$/, known.tags) ??
      (context.explicit || /[\w.]$/.test(before) ? found(/([\w.[\]]*)$/, known.paths) : null)
    );
  };
}

// Where the words begin: the first line that says something below the front matter.
function firstWords(doc) {
  const lines = doc.split("\n");
  if (lines[0].trim() !== "+++") return 0;
  const end = lines.findIndex((line, at) => at > 0 && line.trim() === "+++");
  const first = end < 0 ? 0 : lines.findIndex((line, at) => at > end && line.trim());
  return lines.slice(0, Math.max(first, 0)).join("\n").length + (first > 0 ? 1 : 0);
}

function inFront(state, number) {
  if (state.doc.line(1).text.trim() !== "+++") return false;
  for (let at = 2; at <= state.doc.lines; at++) {
    if (state.doc.line(at).text.trim() === "+++") return number < at;
  }
  return true;
}

// Where a selection is typed over, browsers carry its looks along in style attributes, which the policy reports.
const overwrite = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    if (event.inputType !== "insertText" || !event.data || empty || view.composing) return false;
    event.preventDefault();
    const typed = () =>
      view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    const taken = view.state.facet(EditorView.inputHandler).some((take) => take(view, from, to, event.data, typed));
    if (!taken) view.dispatch(typed());
    return true;
  },
});

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
    this.view = this.area.readOnly ? this.editor(true) : this.editor(false);
    this.previewSoon = after(PREVIEW_AFTER, () => this.preview());
    this.checkSoon = after(CHECK_AFTER, () => this.check());
    this.saveSoon = after(SAVE_AFTER, () => this.save());
    this.listen();
  }

  editor(readOnly) {
    const host = document.createElement("div");
    host.className = "studio-editor";
    this.area.hidden = true;
    this.area.before(host);
    // Within a shadow tree the editor's styles are adopted sheets, which the policy has nothing against.
    const root = host.attachShadow({ mode: "open" });
    const label = this.area.labels[0]?.textContent.trim() ?? "";
    const isHtml = this.form.dataset.name.endsWith(".html");
    const view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: this.area.value,
        selection: { anchor: firstWords(this.area.value) },
        extensions: [
          lineNumbers(),
          lintGutter(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          history(),
          drawSelection(),
          EditorState.readOnly.of(readOnly),
          indentUnit.of("  "),
          bracketMatching(),
          closeBrackets(),
          search({ top: true }),
          highlightSelectionMatches(),
          autocompletion({ override: [complete(() => this.words())], icons: false }),
          isHtml ? jinja() : jinja({ base: markdown() }),
          syntaxHighlighting(colours),
          front,
          looks,
          overwrite,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "true", tabindex: "0" }),
          keymap.of([
            { key: "Mod-s", run: () => (this.save(true), true), preventDefault: true },
            { key: "Mod-Enter", run: () => (this.publish(), true) },
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...searchKeymap,
            ...lintKeymap,
            ...historyKeymap,
            ...defaultKeymap,
            // Escape and then Tab leaves the editor.
            indentWithTab,
          ]),
          EditorView.updateListener.of((update) => update.docChanged && this.changed()),
        ],
      }),
    });
    this.root = root;
    // What the front matter says is set once; whoever opens a template wants its words.
    view.dispatch({ effects: EditorView.scrollIntoView(view.state.selection.main.head, { y: "start", yMargin: 4 }) });
    return view;
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

  async save(now = false) {
    this.write();
    if (!this.form.dataset.save || (!now && !this.isDirty())) return;
    const text = this.area.value;
    this.say("saving");
    // One save at a time: the next one must name the version that this one made.
    this.saving = (this.saving ?? Promise.resolve()).then(async () => {
      const fields = new URLSearchParams(new FormData(this.form));
      fields.set("text", text);
      const answer = await fetch(this.form.dataset.save, { method: "POST", body: fields, headers: { Accept: "application/json" } });
      if (answer.ok) {
        const { version, draft } = await answer.json();
        this.form.elements.version.value = version;
        if (this.form.elements.draft) this.form.elements.draft.value = draft;
        this.saved = text;
        this.say("done");
      } else {
        this.say(answer.status === 409 ? "conflict" : "failed");
      }
    });
    await this.saving.catch(() => this.say("failed"));
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
    this.known ??= fetch(this.form.dataset.words).then((answer) => (answer.ok ? answer.json() : null));
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

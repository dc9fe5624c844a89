// The studio's editor: CodeMirror over a <textarea>, within a shadow tree of its own.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { jinja } from "@codemirror/lang-jinja";
import { markdown } from "@codemirror/lang-markdown";
import { bracketMatching, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";

import { complete, firstWords, front } from "./front.js";
import { colours, looks } from "./looks.js";

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

// `does` says what keys and changes do: save, publish, changed, and words, which promises what can be completed.
export function openEditor(area, { isHtml, ...does }) {
  const host = document.createElement("div");
  host.className = "studio-editor";
  area.hidden = true;
  area.before(host);
  // Within a shadow tree the editor's styles are adopted sheets, which the policy has nothing against.
  const root = host.attachShadow({ mode: "open" });
  const label = area.labels[0]?.textContent.trim() ?? "";
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: area.value,
      selection: { anchor: firstWords(area.value) },
      extensions: [
        lineNumbers(),
        lintGutter(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        history(),
        drawSelection(),
        EditorState.readOnly.of(area.readOnly),
        indentUnit.of("  "),
        bracketMatching(),
        closeBrackets(),
        search({ top: true }),
        highlightSelectionMatches(),
        autocompletion({ override: [complete(does.words)], icons: false }),
        isHtml ? jinja() : jinja({ base: markdown() }),
        syntaxHighlighting(colours),
        front,
        looks,
        overwrite,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "true", tabindex: "0" }),
        keymap.of([
          { key: "Mod-s", run: () => (does.save(), true), preventDefault: true },
          { key: "Mod-Enter", run: () => (does.publish(), true) },
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...searchKeymap,
          ...lintKeymap,
          ...historyKeymap,
          ...defaultKeymap,
          // Escape and then Tab leaves the editor.
          indentWithTab,
        ]),
        EditorView.updateListener.of((update) => update.docChanged && does.changed()),
      ],
    }),
  });
  // What the front matter says is set once; whoever opens a template wants its words.
  view.dispatch({ effects: EditorView.scrollIntoView(view.state.selection.main.head, { y: "start", yMargin: 4 }) });
  return view;
}

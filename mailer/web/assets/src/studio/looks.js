// How the studio's editor looks. Colours are tokens of the sheet: they pass into the shadow tree, light and dark alike.

import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: "var(--chart-3)" },
  { tag: [tags.attributeName], color: "var(--chart-4)" },
  { tag: [tags.string, tags.attributeValue], color: "var(--chart-2)" },
  { tag: [tags.keyword, tags.brace, tags.operatorKeyword, tags.definitionKeyword], color: "var(--chart-1)" },
  { tag: [tags.variableName, tags.propertyName, tags.function(tags.variableName)], color: "var(--chart-1)", fontWeight: "600" },
  { tag: [tags.comment, tags.blockComment], color: "var(--ink-quiet)", fontStyle: "italic" },
  { tag: [tags.heading, tags.strong], fontWeight: "650" },
]);

export const looks = EditorView.theme({
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

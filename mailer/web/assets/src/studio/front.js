// What the studio's editor knows of a template: its front matter, what may stand where, and where its words begin.

import { RangeSetBuilder } from "@codemirror/state";
import { Decoration, ViewPlugin } from "@codemirror/view";

// The TOML between the +++ lines is no HTML: its lines are marked, keys and remarks told apart.
export const front = ViewPlugin.fromClass(
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
export function complete(words) {
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
export function firstWords(doc) {
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

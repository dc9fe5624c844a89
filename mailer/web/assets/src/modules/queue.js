// The queue without page changes: links to items and forms of an item are fetched and swapped in, the next two items
// lie ready, decisions lead on, and the list follows what others do. Without this module all of it is plain pages.

import { onKey } from "../keys.js";
import { startClaims } from "../queue/claims.js";
import { Kept } from "../queue/kept.js";
import { startLive } from "../queue/live.js";
import { Panes } from "../queue/panes.js";
import { Rows } from "../queue/rows.js";

export default function queue(root) {
  const kept = new Kept();
  const rows = new Rows(root, kept);
  const panes = new Panes(root, rows, kept);
  const claims = startClaims(root);
  const live = startLive(panes, rows);
  panes.shown = (item) => {
    rows.mark(item);
    claims.open(item);
    live.shown();
    kept.lookAhead(rows.after(item, 2));
  };
  onKey("j", root.dataset.nextLabel, () => step(root, panes, rows, 1));
  onKey("k", root.dataset.previousLabel, () => step(root, panes, rows, -1));
  panes.begin();
}

// Beside an item: open the neighbour. In the list alone: move the focus; Enter opens.
function step(root, panes, rows, by) {
  if (panes.item) {
    const link = rows.neighbour(panes.toward || panes.current, by);
    if (link) panes.go(link.href);
  } else {
    rows.focus(by);
  }
}

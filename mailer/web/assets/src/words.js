// What differs between two texts, word by word: [["same" | "ins" | "del", text]], as the server tells it too.

const PIECES = /[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[\p{L}\p{N}\p{M}_]+?(?=[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\p{L}\p{N}\p{M}_]|$)|\s+|[^\s]/gu;
const MOST_CELLS = 4_000_000;

export function differences(before, after) {
  const old = before.match(PIECES) ?? [];
  const now = after.match(PIECES) ?? [];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  const middle = between(old.slice(start, old.length - end), now.slice(start, now.length - end));
  const head = old.slice(0, start).map((word) => ["same", word]);
  const tail = old.slice(old.length - end).map((word) => ["same", word]);
  return joined([...head, ...middle, ...tail]);
}

// The longest words that both have, in order; too many words are told as one change.
function between(old, now) {
  if (old.length * now.length > MOST_CELLS) {
    return [...old.map((word) => ["del", word]), ...now.map((word) => ["ins", word])];
  }
  const width = now.length + 1;
  const best = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      best[i * width + j] =
        old[i] === now[j]
          ? best[(i + 1) * width + j + 1] + 1
          : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
    }
  }
  return walked(old, now, best, width);
}

function walked(old, now, best, width) {
  const found = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      found.push(["same", old[i]]);
      i += 1;
      j += 1;
    } else if (j === now.length || (i < old.length && best[(i + 1) * width + j] >= best[i * width + j + 1])) {
      found.push(["del", old[i]]);
      i += 1;
    } else {
      found.push(["ins", now[j]]);
      j += 1;
    }
  }
  return found;
}

// Runs of one kind; a single blank between two changes is part of them.
function joined(pieces) {
  const found = [];
  let [removed, added] = ["", ""];
  const flush = () => {
    if (removed) found.push(["del", removed]);
    if (added) found.push(["ins", added]);
    [removed, added] = ["", ""];
  };
  for (const [place, [kind, text]] of pieces.entries()) {
    const next = pieces[place + 1]?.[0];
    const isBlank = kind === "same" && /^[^\S\n]+$/.test(text) && (removed || added) && next && next !== "same";
    if (kind === "del" || isBlank) removed += text;
    if (kind === "ins" || isBlank) added += text;
    if (kind === "same" && !isBlank) {
      flush();
      if (found.at(-1)?.[0] === "same") found.at(-1)[1] += text;
      else found.push(["same", text]);
    }
  }
  flush();
  return found;
}

// The command bar (Ctrl+K) and the list of keys (?): two dialogs of the layout, filled with what the page offers.

import { actions, onKey } from "./keys.js";

function places() {
  return [...document.querySelectorAll("nav[data-commands] a")].map((link) => ({
    key: "",
    label: link.textContent.trim().replace(/\s+/g, " "),
    act: () => link.click(),
  }));
}

function item(command, dialog) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "command";
  button.append(command.label);
  if (command.key) {
    const kbd = document.createElement("kbd");
    kbd.textContent = command.key;
    button.append(kbd);
  }
  button.addEventListener("click", () => {
    dialog.close();
    command.act();
  });
  return button;
}

function fill(dialog, words = "") {
  const list = dialog.querySelector("[data-list]");
  const wanted = words.trim().toLowerCase().split(/\s+/);
  const found = [...actions(), ...places()].filter(({ label }) =>
    wanted.every((word) => label.toLowerCase().includes(word)),
  );
  list.replaceChildren(...found.map((command) => item(command, dialog)));
}

function openBar(dialog) {
  const input = dialog.querySelector("input");
  input.value = "";
  fill(dialog);
  dialog.showModal();
  input.focus();
}

function openHelp(dialog) {
  const list = dialog.querySelector("[data-list]");
  const rows = actions().filter(({ key }) => key);
  list.replaceChildren(
    ...rows.flatMap(({ key, label }) => {
      const name = document.createElement("dt");
      const kbd = document.createElement("kbd");
      kbd.textContent = key;
      name.append(kbd);
      const what = document.createElement("dd");
      what.textContent = label;
      return [name, what];
    }),
  );
  dialog.showModal();
}

// Arrows move within the list, Enter in the input takes the first.
function move(event, dialog) {
  // Enter ends a word that an input method composes.
  if (event.isComposing) return;
  const buttons = [...dialog.querySelectorAll("[data-list] button")];
  const at = buttons.indexOf(document.activeElement);
  if (event.key === "Enter" && event.target.tagName === "INPUT") {
    event.preventDefault();
    buttons[0]?.click();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    (buttons[at + 1] ?? buttons[0])?.focus();
  } else if (event.key === "ArrowUp") {
    event.preventDefault();
    (buttons[at - 1] ?? dialog.querySelector("input"))?.focus();
  }
}

export function startCommands() {
  const bar = document.getElementById("command-bar");
  const help = document.getElementById("key-help");
  if (!bar || !help) return;
  bar.querySelector("input").addEventListener("input", (event) => fill(bar, event.target.value));
  bar.addEventListener("keydown", (event) => move(event, bar));
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openBar(bar);
    }
  });
  for (const opener of document.querySelectorAll("[data-opens=command-bar]")) {
    opener.addEventListener("click", () => openBar(bar));
  }
  onKey("?", help.dataset.label, () => openHelp(help));
}

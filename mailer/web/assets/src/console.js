// What every page of the console loads: htmx, single keys, the command bar, and the modules that the page asks for.

import htmx from "htmx.org";

import { startCommands } from "./commands.js";
import { startKeys } from "./keys.js";

// No style, script or history of pages is written into the browser: the policy forbids it, and they hold mails.
Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  historyCacheSize: 0,
  includeIndicatorStyles: false,
  refreshOnHistoryMiss: true,
  selfRequestsOnly: true,
});
window.htmx = htmx;

const MODULES = import.meta.glob("./modules/*.js");

// <div data-module="editor"> is handed to the default export of modules/editor.js, once.
function mountAll(root) {
  const wanted = [...(root.matches?.("[data-module]") ? [root] : []), ...root.querySelectorAll("[data-module]")];
  for (const element of wanted) {
    for (const name of element.dataset.module.split(" ")) mount(element, name);
  }
}

async function mount(element, name) {
  const mounted = (element.mounted ??= new Set());
  const load = MODULES[`./modules/${name}.js`];
  if (mounted.has(name) || !load) return;
  mounted.add(name);
  const module = await load();
  module.default(element);
  // From here on keys and clicks do what the module says.
  element.dataset.ready = "";
}

document.documentElement.classList.add("scripted");
document.addEventListener("htmx:load", (event) => mountAll(event.detail.elt));
mountAll(document.body);
startKeys();
startCommands();

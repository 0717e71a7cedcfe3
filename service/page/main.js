/** Starts the page and shows the view that its address names. */

import { listen } from "./api.js";
import { one } from "./dom.js";
import { icon } from "./icons.js";
import { showKeys } from "./keys.js";
import { Library } from "./library.js";
import { showError, watchService } from "./notices.js";
import { Queue } from "./queue.js";
import { current, followLinks, onRoute } from "./route.js";
import { Search } from "./search.js";
import { askForKey, begin } from "./session.js";
import { Watch } from "./watch.js";

let view = null;

function show(queue) {
  const asked = current();
  view?.close();
  const makes = { library: () => new Library(queue), search: () => new Search(), video: () => new Watch(queue, asked.video) };
  view = makes[asked.view]();
  one("main").replaceChildren(view.element);
  document.title = { library: "trackspeak", search: "Search · trackspeak", video: "Video · trackspeak" }[asked.view];
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.for === asked.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Keys mean something unless they are being typed, or a control has a use for them. */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const { target } = event;
  if (target.closest("input:not([type=range], [type=checkbox]), textarea, select")) return;
  if ([" ", "Enter"].includes(event.key) && target.closest("button, a, summary, [type=checkbox]")) return;
  if (event.key.startsWith("Arrow") && target.closest("[type=range]")) return;
  if (event.key === "?") return showKeys();
  if (view?.key?.(event)) event.preventDefault();
}

async function start() {
  followLinks(document.body);
  one(".skip").addEventListener("click", (event) => (event.preventDefault(), one("main").focus())); // no other address
  one("#keys").append(icon("keys"));
  one("#keys").addEventListener("click", showKeys);
  document.addEventListener("keydown", pressed);
  const queue = new Queue();
  const back = () => (view?.load?.(), queue.resume().catch(showError));
  listen("unauthenticated", (problem) => view && askForKey(problem).then(back));
  await begin();
  watchService(back); // what could not be loaded meanwhile is loaded then
  onRoute(() => show(queue));
  show(queue);
  await queue.resume();
}

start().catch(showError);

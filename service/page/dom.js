/** Small helpers over the document: making elements, telling screen readers, dialogs. */

import { icon } from "./icons.js";

/**
 * Make an element.
 * @param {string} tag - its name, with classes after dots: "button.primary".
 * @param {Object} [attributes] - attributes; `on` holds listeners, `data` the data-* ones; false and null leave one out.
 * @param {...(Node|string|null)} children - what goes into it.
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") element.classList.add(...value.split(" ").filter(Boolean));
    else if (key === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Give the one element that a selector means; a missing one is an error of ours. */
export function one(selector, root = document) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`nothing in the page is ${selector}`);
  return found;
}

/** Say something to screen readers, without moving anybody's place. */
export function announce(text) {
  const region = one("#announcements");
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}

/**
 * Make a button.
 * @param {string} label - what stands on it.
 * @param {Function} pressed - called when it is pressed.
 * @param {Object} [attributes] - more of it; `class` among them.
 */
export function button(label, pressed, attributes = {}) {
  return h("button", { type: "button", ...attributes, on: { click: pressed, ...attributes.on } }, label);
}

/** Make a button of a picture alone, with its name for those who hear the page, and as a tooltip. */
export function iconButton(picture, name, pressed, attributes = {}) {
  const shown = button("", pressed, { class: "icon", title: name, "aria-label": name, ...attributes });
  shown.append(icon(picture));
  return shown;
}

/** Make a field with its label above it. */
export function field(label, control, hint = null) {
  return h("label.field", {}, h("span", {}, label), control, hint && h("small", {}, hint));
}

/**
 * Make a select.
 * @param {string} current - the value that is chosen.
 * @param {Array<[string, string]>} choices - value and what is shown.
 */
export function select(current, choices, attributes = {}) {
  const options = choices.map(([value, text]) => h("option", { value, selected: value === current }, text));
  return h("select", attributes, ...options);
}

/**
 * Open a dialog; it removes itself when it is closed.
 * @param {string} title - its heading, which names it.
 * @param {...Node} content - what is in it.
 */
export function openDialog(title, ...content) {
  const heading = h("h2", { id: `dialog-${Math.random().toString(36).slice(2)}` }, title);
  const close = iconButton("close", "Close", () => dialog.close());
  const dialog = h("dialog", { "aria-labelledby": heading.id }, h("header", {}, heading, close), ...content);
  dialog.addEventListener("close", () => dialog.remove());
  let pressed = null; // a selection that began in the dialog may end beside it
  dialog.addEventListener("pointerdown", (event) => (pressed = event.target));
  dialog.addEventListener("click", (event) => event.target === dialog && pressed === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Build something anew without taking the focus from who is using it. */
export function keepingFocus(root, build) {
  const used = root.contains(document.activeElement) ? document.activeElement : null;
  const name = (element) => element.getAttribute("aria-label") ?? element.textContent;
  const alike = () => [...root.querySelectorAll(used.tagName)].filter((element) => name(element) === name(used));
  const place = used ? alike().indexOf(used) : -1;
  build();
  if (used && !used.isConnected) alike()[place]?.focus();
}

/** Have a video end for good: one that is only taken out of the page goes on, and goes on being loaded. */
export function release(video) {
  video.pause();
  video.removeAttribute("src");
  video.load();
}

/** Ask whether something is to be done that cannot be undone. */
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    let answer = false;
    const yes = button(action, () => ((answer = true), dialog.close()), { class: "danger" });
    const no = button("Cancel", () => dialog.close(), { autofocus: true });
    const dialog = openDialog(title, h("p", {}, text), h("div.actions", {}, no, yes));
    dialog.addEventListener("close", () => resolve(answer));
  });
}

/** Have the browser save what a blob holds. */
export function saveBlob(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser may still be reading it
}

/** Show a text with a button that copies it. */
export function copyable(label, text) {
  const copy = button("Copy", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    announce(`${label} copied`);
    setTimeout(() => (copy.textContent = "Copy"), 2000);
  });
  const code = h("pre", { tabindex: "0", "aria-label": label }, h("code", {}, text));
  return h("section.copyable", {}, h("header", {}, h("h3", {}, label), navigator.clipboard ? copy : null), code);
}

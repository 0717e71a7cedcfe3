/** Who is asking: where the service wants an API key, it is asked for and kept, in a cookie, for this session alone. */

import { call, getJson, Problem } from "./api.js";
import { button, field, h, one, openDialog } from "./dom.js";

let asking = null;
const told = { scopes: [], auth: "on" };

/** Whether this caller may do what a scope allows: "ask", "index" or "admin". */
export function may(scope) {
  return told.scopes.includes(scope);
}

/** Whether the service wants a key at all. */
export function wantsKey() {
  return told.auth === "on";
}

/** Find out who is asking; a key is asked for until one counts. */
export async function begin() {
  try {
    take(await getJson("/v1/session"));
  } catch (error) {
    if (error.status !== 401 && error.status !== 403) throw error;
    await askForKey(error.status === 403 ? error : null);
  }
}

function take(session) {
  Object.assign(told, session);
  const place = one("#session");
  if (session.auth === "off") return place.replaceChildren();
  place.replaceChildren(h("span", { title: `It may: ${session.scopes.join(", ")}` }, session.name), button("Sign out", leave));
}

async function leave() {
  await call("/v1/session", { method: "DELETE" });
  location.reload();
}

/** Ask for a key; there is one such dialog at a time. */
export function askForKey(problem = null) {
  asking ??= new Promise((resolve) => {
    const key = h("input", { type: "password", name: "key", autocomplete: "off", required: true, placeholder: "tsk_…" });
    const error = h("p.error", { role: "alert" }, problem ? said(problem) : "");
    const form = h("form", { on: { submit: (event) => (event.preventDefault(), tryKey()) } },
      h("p", {}, "This service wants an API key. It is kept until the browser is closed, and nowhere else."),
      field("API key", key), error, h("div.actions", {}, h("button.primary", { type: "submit" }, "Open")));
    const dialog = openDialog("API key", form);
    dialog.addEventListener("cancel", (event) => event.preventDefault()); // nothing can be done without one
    dialog.addEventListener("close", () => {
      if (!asking) return;
      asking = null; // some browsers close it all the same
      askForKey(problem).then(resolve);
    });
    dialog.querySelector("header button").remove();
    key.focus();
    const tryKey = async () => {
      try {
        const headers = { "X-API-Key": key.value.trim() };
        take(await getJson("/v1/session", { method: "POST", headers }));
        asking = null;
        dialog.close();
        resolve();
      } catch (refused) {
        if (!(refused instanceof Problem)) return (error.textContent = refused.message);
        error.textContent = said(refused);
        key.select();
      }
    };
  });
  return asking;
}

function said(problem) {
  return `${problem.message} (request ${problem.requestId})`;
}

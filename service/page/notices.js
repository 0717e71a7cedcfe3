/** What the page has to say without being asked: errors as the service told them, and whether it answers at all. */

import { listen, Problem, Unreachable, untilReachable } from "./api.js";
import { button, h, iconButton, one } from "./dom.js";

/**
 * Show an error until it is closed.
 * @param {Error} error - a Problem is shown with its title, code and request id.
 * @param {Function|null} again - what "Try again" does, if anything.
 */
export function showError(error, again = null) {
  if (error.name === "AbortError" || error.status === 401) return; // given up, or the key is asked for
  if (error instanceof Unreachable) return; // that is said for as long as it is so
  const place = one("#notices");
  const close = iconButton("close", "Close", () => notice.remove());
  const retry = again && button("Try again", () => (notice.remove(), again()));
  const told = error instanceof Problem ? h("small", {}, `${error.code ?? error.status} · request ${error.requestId ?? "unknown"}`) : null;
  const title = error instanceof Problem ? error.title : "Something went wrong";
  const notice = h("div.notice.error", { role: "alert" }, h("div", {}, h("strong", {}, title), h("p", {}, error.message), told), retry, close);
  place.append(notice);
  if (!(error instanceof Problem) && error.stack) console.error(error);
}

/** Say while the service does not answer, and call `back` when it does again. */
export function watchService(back) {
  let shown = null;
  listen("reachable", (reachable) => {
    shown?.remove();
    shown = null;
    if (reachable) return back();
    shown = h("div.notice.warning", { role: "status" }, "The service does not answer. Waiting for it …");
    one("#notices").append(shown);
    untilReachable();
  });
}

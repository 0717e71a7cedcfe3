/** What is shown, as the address of the page says it: a link or a reload gives the same view. */

const listeners = new Set();

/** Read the address: `{view, video, index, against, q: [...], t, threshold, track, ...}`. */
export function current() {
  const asked = new URLSearchParams(location.search);
  const number = (name) => (asked.has(name) && Number.isFinite(Number(asked.get(name))) ? Number(asked.get(name)) : null);
  return {
    view: asked.has("video") ? "video" : asked.has("search") ? "search" : "library",
    video: asked.get("video"),
    index: asked.get("index"),
    against: asked.get("against"),
    questions: asked.getAll("q"),
    t: number("t"),
    threshold: number("threshold"),
    track: number("track"),
    search: asked.get("search"),
    label: asked.get("label") ?? "",
    class: asked.get("class") ?? "",
    minScore: number("min"),
    from: number("from"),
    to: number("to"),
  };
}

/** Write an address of the page. */
export function address(values) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") asked.append(name, String(one));
  }
  if (values.search === "") asked.set("search", "");
  return `${location.pathname}${asked.size ? `?${asked}` : ""}`;
}

/** Go to another view; the way back leads here. */
export function go(values) {
  history.pushState(null, "", address(values));
  for (const listener of listeners) listener();
}

/** Let the address say what the same view now shows. */
export function keep(values) {
  history.replaceState(null, "", address(values));
}

export function onRoute(listener) {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
}

/** Have links of the page open its views without loading it anew. */
export function followLinks(root) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-view]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", link.getAttribute("href"));
    for (const listener of listeners) listener();
  });
}

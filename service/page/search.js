/** Search over all videos: ranked moments, each playing where the pointer rests. */

import { call, getJson, postJson, Problem } from "./api.js";
import { announce, button, confirmed, field, h, release, select } from "./dom.js";
import { many, score, span } from "./format.js";
import { showError } from "./notices.js";
import { address, current, keep } from "./route.js";
import { may } from "./session.js";

const PAGE = 24;

export class Search {
  constructor() {
    const asked = current();
    this.query = h("input", { type: "search", value: asked.search ?? "", placeholder: "a red car turning left", "aria-label": "Search all videos", "aria-describedby": "search-error" });
    this.label = h("input", { type: "text", value: asked.label, placeholder: "night" });
    this.class = h("input", { type: "text", value: asked.class, placeholder: "car" });
    this.minScore = h("input", { type: "number", min: "0", max: "1", step: "0.05", value: asked.minScore ?? "" });
    this.from = h("input", { type: "number", min: "0", step: "1", value: asked.from ?? "" });
    this.to = h("input", { type: "number", min: "0", step: "1", value: asked.to ?? "" });
    this.error = h("output.question-error", { id: "search-error", role: "alert" });
    this.saved = select("", [["", "Saved searches"]], { "aria-label": "Saved searches", on: { change: () => this.#openSaved() } });
    this.forget = button("Delete this search", () => this.#forgetSaved(), { hidden: true });
    this.list = h("ol.hits", { "aria-label": "Found tracks" });
    this.told = h("p.searched", { role: "status" });
    this.more = button("Show more", () => this.#find(this.found.asked, this.found.next), { class: "more", hidden: true });
    const form = h("form.search", { role: "search", on: { submit: (event) => (event.preventDefault(), this.#search()) } },
      h("div.row", {}, this.query, h("button.primary", { type: "submit" }, "Search")), this.error,
      h("details", { open: Boolean(asked.label || asked.class || asked.minScore || asked.from || asked.to) }, h("summary", {}, "Filters"),
        h("div.filters", {}, field("Label", this.label), field("Class", this.class), field("Score at least", this.minScore),
          field("From second", this.from), field("To second", this.to))),
      h("div.row", {}, this.saved, ...(may("index") ? [button("Save this search", () => this.#save()), this.forget] : [])));
    this.element = h("div.search-view", {}, h("h1", {}, "Search all videos"), form, this.told, this.list, this.more);
    this.load();
  }

  load() {
    this.#loadSaved();
    if (current().search) this.#search();
  }

  #turn = 0;

  close() {
    this.#turn++;
    for (const video of this.list.querySelectorAll("video")) release(video);
  }

  #asked() {
    const number = (input) => (input.value === "" ? undefined : Number(input.value));
    const words = (input) => input.value.split(",").map((one) => one.trim()).filter(Boolean);
    const values = {
      query: this.query.value.trim(), labels: words(this.label), classes: words(this.class), min_score: number(this.minScore),
      first_time_s: number(this.from), last_time_s: number(this.to),
    };
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && (!Array.isArray(value) || value.length)));
  }

  /** Search for what the fields say. */
  #search() {
    const asked = this.#asked();
    if (!asked.query) return this.query.focus();
    keep({ search: asked.query, label: this.label.value, class: this.class.value, min: this.minScore.value, from: this.from.value, to: this.to.value });
    this.#find(asked);
  }

  /** Show what is found; `cursor` names the page of it, none the first. */
  async #find(asked, cursor = null) {
    const turn = ++this.#turn;
    this.error.textContent = "";
    this.told.textContent = "Searching …";
    this.more.disabled = true;
    try {
      const found = await postJson("/v1/search", { ...asked, top: PAGE, ...(cursor ? { cursor } : {}) });
      if (turn !== this.#turn) return; // something else was searched for meanwhile
      const cards = found.tracks.map((hit) => hitCard(hit, asked.query));
      if (cursor) this.list.append(...cards);
      else this.list.replaceChildren(...cards);
      this.found = { asked, next: found.next };
      this.more.hidden = !found.next;
      const { videos, segments } = found.searched;
      const left = found.left_out.length ? ` ${many(found.left_out.length, "index", "indexes")} left out: ${found.left_out[0].why}.` : "";
      this.told.textContent = `${this.list.children.length ? many(this.list.children.length, "track") : "Nothing matches"} of ${many(videos, "video")}, ${many(segments, "segment")} searched in ${Math.round(found.timings_s.total * 1000)} ms.${left}`;
      announce(this.told.textContent);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.told.textContent = "";
      if (!(error instanceof Problem) || error.status >= 500) return showError(error, () => this.#find(asked, cursor));
      this.error.textContent = `${error.message} (request ${error.requestId})`;
    } finally {
      if (turn === this.#turn) this.more.disabled = false;
    }
  }

  async #loadSaved() {
    try {
      this.searches = await getJson("/v1/searches");
      const names = Object.keys(this.searches).map((name) => [name, name]);
      this.saved.replaceChildren(...select("", [["", names.length ? "Saved searches" : "No saved searches"], ...names]).children);
      this.forget.hidden = true;
    } catch (error) {
      showError(error);
    }
  }

  #openSaved() {
    const kept = this.searches[this.saved.value];
    this.forget.hidden = !kept;
    if (!kept) return;
    const { query = "", labels = [], classes = [], min_score: least = "", first_time_s: from = "", last_time_s: to = "" } = kept;
    const set = [[this.query, query], [this.label, labels.join(", ")], [this.class, classes.join(", ")], [this.minScore, least], [this.from, from], [this.to, to]];
    for (const [input, value] of set) input.value = value ?? "";
    this.#search();
  }

  async #forgetSaved() {
    const name = this.saved.value;
    if (!(await confirmed("Delete this search?", `“${name}” will no longer be among the saved searches.`, "Delete"))) return;
    try {
      await call(`/v1/searches/${encodeURIComponent(name)}`, { method: "DELETE" });
      await this.#loadSaved();
      this.saved.focus();
    } catch (error) {
      showError(error);
    }
  }

  async #save() {
    const asked = this.#asked();
    if (!asked.query) return this.query.focus();
    try {
      await call(`/v1/searches/${encodeURIComponent(asked.query.slice(0, 60))}`, { method: "PUT", body: asked });
      announce("Search saved");
      await this.#loadSaved();
    } catch (error) {
      showError(error);
    }
  }
}

/** A found track; its moment plays while it is pointed at or has the focus. */
function hitCard(hit, query) {
  const [first] = hit.spans;
  const href = address({ video: hit.video, index: hit.index, q: [query], track: hit.track_id, t: first.first_time_s });
  const name = `#${hit.track_id} ${hit.class}`;
  const picture = h("img", { alt: "", loading: "lazy" });
  picture.addEventListener("error", () => picture.remove(), { once: true });
  picture.src = hit.thumbnail;
  const frame = h("div.picture", {}, picture);
  const card = h("li.hit", {}, h("a", { href, data: { view: "video" } }, frame,
    h("strong", {}, name), h("span.score", {}, score(hit.score, hit.score_kind)), h("span.name", {}, hit.name),
    h("span.span", {}, span(first.first_time_s, first.last_time_s))));
  const play = () => frame.querySelector("video") ?? frame.append(moment(hit, first));
  const stop = () => {
    const playing = frame.querySelector("video");
    playing?.remove();
    if (playing) release(playing);
  };
  for (const event of ["pointerenter", "focusin"]) card.addEventListener(event, play);
  for (const event of ["pointerleave", "focusout"]) card.addEventListener(event, stop);
  return card;
}

function moment(hit, { first_time_s: first, last_time_s: last }) {
  const video = h("video", { playsinline: true, "aria-hidden": "true", src: `/v1/videos/${hit.video}/file` });
  video.muted = true;
  video.addEventListener("loadedmetadata", () => video.isConnected && ((video.currentTime = first), video.play().catch(() => {})), { once: true });
  video.addEventListener("timeupdate", () => video.currentTime > last && (video.currentTime = first));
  video.addEventListener("error", () => video.remove()); // its picture stays
  return video;
}

/** The videos: drop one, or pick one that is there. */

import { call, getJson } from "./api.js";
import { confirmed, field, h, iconButton, keepingFocus, openDialog } from "./dom.js";
import { bytes, many, time } from "./format.js";
import { setUp } from "./indexing.js";
import { showError } from "./notices.js";
import { address } from "./route.js";
import { may } from "./session.js";

export class Library {
  constructor(queue) {
    this.queue = queue;
    this.grid = h("ul.videos", { "aria-label": "Videos" });
    this.filter = h("input", { type: "search", placeholder: "Name or label", "aria-label": "Filter the videos" });
    this.filter.addEventListener("input", () => this.#show());
    this.element = h("div.library", {}, may("index") ? this.#dropZone() : null,
      h("header", {}, h("h1", {}, "Videos"), this.filter), this.grid);
    this.#changed = () => this.load();
    queue.addEventListener("changed", this.#changed);
    this.load();
  }

  #changed;
  #turn = 0;
  #videos = [];

  close() {
    this.#turn++;
    this.queue.removeEventListener("changed", this.#changed);
  }

  #dropZone() {
    const input = h("input", { type: "file", multiple: true, accept: "video/*,.mkv,.avi,.gif", class: "unseen", id: "file" });
    const looking = h("textarea", { rows: "2", placeholder: "a red car turning left", "aria-describedby": "looking-hint" });
    const chosen = setUp();
    const take = (files) => {
      const queries = looking.value.split("\n").map((line) => line.trim()).filter(Boolean);
      try {
        this.queue.add(files, { queries, options: chosen.options() });
      } catch (error) {
        showError(error);
      }
    };
    input.addEventListener("change", () => (take(input.files), (input.value = "")));
    const zone = h("section.drop", { "aria-label": "Add videos" },
      h("p", {}, "Drop videos here, or ", h("label.button.primary", { for: "file" }, "choose files"), input),
      field("What are you looking for?", looking, null),
      h("small", { id: "looking-hint" }, "One question a line; answered while the video is being watched. More can be asked at any time."),
      chosen.element);
    for (const event of ["dragover", "dragleave", "drop"]) {
      zone.addEventListener(event, (dragged) => {
        dragged.preventDefault();
        zone.classList.toggle("over", event === "dragover");
        if (event === "drop" && dragged.dataTransfer.files.length) take(dragged.dataTransfer.files);
      });
    }
    return zone;
  }

  async load() {
    const turn = ++this.#turn;
    try {
      const videos = await getJson("/v1/videos");
      if (turn !== this.#turn) return; // an older list came late
      this.#videos = videos;
      keepingFocus(this.grid, () => this.#show());
    } catch (error) {
      if (turn === this.#turn) showError(error, () => this.load());
    }
  }

  #show() {
    const wanted = this.filter.value.trim().toLowerCase();
    const shown = this.#videos.filter(({ name, labels }) => [name, ...labels].some((text) => text.toLowerCase().includes(wanted)));
    this.filter.hidden = this.#videos.length < 2;
    const nothing = this.#videos.length ? "No video has such a name or label." : "No videos yet. Drop one above: it is watched once, and can be asked as often as you like.";
    this.grid.replaceChildren(...shown.map((video) => this.#card(video)), ...(shown.length ? [] : [h("li.nothing", {}, nothing)]));
  }

  #card(video) {
    const href = address({ video: video.id });
    const facts = [video.duration_s === null ? null : time(video.duration_s, 0), `${video.width} × ${video.height}`, video.bytes === null ? null : bytes(video.bytes)];
    const picture = h("img", { alt: "", loading: "lazy" });
    picture.addEventListener("error", () => picture.remove(), { once: true });
    if (video.bytes !== null) picture.src = `/v1/videos/${video.id}/thumbnail`; // else there is no file to take one from
    const tools = may("index") ? h("span.tools", {},
      iconButton("edit", `Name and label ${video.name}`, () => this.#edit(video)),
      iconButton("bin", `Delete ${video.name}`, () => this.#delete(video))) : null;
    return h("li.video", { data: { video: video.id } },
      h("a.picture", { href, data: { view: "video" }, tabindex: "-1", "aria-hidden": "true" }, picture),
      h("div", {}, h("header", {}, h("a", { href, data: { view: "video" } }, h("strong", {}, video.name || video.id.slice(0, 12))), tools),
        h("p.facts", {}, facts.filter(Boolean).join(" · ")), this.#state(video),
        video.labels.length ? h("ul.labels", { "aria-label": "Labels" }, ...video.labels.map((label) => h("li", {}, label))) : null));
  }

  #state(video) {
    const job = this.queue.jobOf(video.id);
    if (job) return h("p.state.busy", {}, job.state === "running" ? "Being watched" : "Waiting to be watched");
    if (!video.indexes.length) return h("p.state", {}, "Not indexed yet");
    const [first] = video.indexes;
    const more = video.indexes.length > 1 ? ` · ${many(video.indexes.length, "index", "indexes")}` : "";
    return h("p.state.ready", {}, `${many(first.tracks, "track")} · ${first.profile}${more}`);
  }

  #edit(video) {
    const name = h("input", { type: "text", value: video.name });
    const labels = h("input", { type: "text", value: video.labels.join(", ") });
    const form = h("form", { on: { submit: async (event) => {
      event.preventDefault();
      const body = { name: name.value.trim() || null, labels: labels.value.split(",").map((one) => one.trim()).filter(Boolean) };
      try {
        await call(`/v1/videos/${video.id}`, { method: "PATCH", body });
        dialog.close();
        await this.load();
      } catch (error) {
        problem.textContent = error.message;
      }
    } } }, field("Name", name), field("Labels", labels, "with commas between them"));
    const problem = h("p.error", { role: "alert" });
    form.append(problem, h("div.actions", {}, h("button.primary", { type: "submit" }, "Save")));
    const dialog = openDialog("Name and labels", form);
  }

  async #delete(video) {
    const text = `${video.name} and all that was derived from it, its indexes and results, will be gone.`;
    if (!(await confirmed("Delete this video?", text, "Delete"))) return;
    try {
      await call(`/v1/videos/${video.id}`, { method: "DELETE" });
      await this.load();
    } catch (error) {
      showError(error);
    }
  }
}


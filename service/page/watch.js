/** A video: asked, played, and looked at; by one index of it, or by two side by side. */

import { getJson, postJson, Problem } from "./api.js";
import { Answer, Tracks } from "./answer.js";
import { cardList } from "./cards.js";
import { Chips } from "./chips.js";
import { announce, button, field, h, openDialog, select } from "./dom.js";
import { many, score, span, time } from "./format.js";
import { setUp } from "./indexing.js";
import { keysOf } from "./keys.js";
import { showError } from "./notices.js";
import { Player } from "./player.js";
import { address, current, keep } from "./route.js";
import { may } from "./session.js";
import { suggestions } from "./suggestions.js";
import { saveClip, takeAway } from "./takeaway.js";
import { Timeline } from "./timeline.js";

const KEEP_MS = 400;
const REST_MS = 120;

export class Watch {
  constructor(queue, videoId) {
    this.queue = queue;
    this.videoId = videoId;
    this.questions = []; // {text, off, answers: [Answer of each pane | null]}
    this.panes = [];
    this.kinds = new Set();
    this.threshold = current().threshold;
    this.element = h("div.watch", {}, h("p.loading", { role: "status" }, "Loading …"));
    queue.addEventListener("jobs", this.#jobs);
    queue.addEventListener("partial", this.#partial);
    this.load();
  }

  #closed = false;
  #keeping = null;
  #resting = null;

  #jobs = (event) => event.detail.video === this.video?.id && this.load();
  #partial = (event) => event.detail.video === this.video?.id && this.#showPartial();

  close() {
    this.#closed = true;
    clearTimeout(this.#keeping);
    clearTimeout(this.#resting);
    this.queue.removeEventListener("jobs", this.#jobs);
    this.queue.removeEventListener("partial", this.#partial);
    this.player?.close();
  }

  async load() {
    try {
      this.video = await getJson(`/v1/videos/${encodeURIComponent(this.videoId)}`);
      if (this.#closed) return;
      if (!this.player) this.#build();
      const [first] = this.video.indexes;
      if (!first) return this.#showUnindexed();
      const wanted = current();
      const named = (id) => this.video.indexes.find((one) => one.id === id)?.id ?? null;
      const ids = [named(wanted.index) ?? first.id, named(wanted.against)].filter(Boolean);
      if (this.panes.length) this.#showIndexes();
      if (ids.join() !== this.panes.map(({ tracks }) => tracks.indexId).join()) await this.#open(ids);
    } catch (error) {
      if (this.#closed) return;
      this.element.querySelector(".loading")?.remove();
      showError(error, () => this.load());
    }
  }

  #build() {
    document.title = `${this.video.name || "Video"} · trackspeak`;
    this.player = new Player(this.video, (time_s) => this.#moved(time_s));
    this.timeline = new Timeline(this.video.duration_s ?? 1, {
      seek: (time_s) => this.player.seek(time_s),
      pick: (entry) => this.#choose(entry),
    });
    this.chips = new Chips({
      add: (text) => this.ask(text),
      remove: (number) => this.#remove(number),
      toggle: (number) => this.#toggle(number),
    });
    this.state = h("div.index-state");
    this.results = h("div.results", { "aria-label": "Tracks", role: "region" });
    this.slider = h("input", { type: "range", min: "0", max: "1", step: "0.01", "aria-label": "Threshold" });
    this.shown = h("output.threshold-value");
    this.slider.addEventListener("input", () => this.#setThreshold(Number(this.slider.value)));
    this.dimmed = h("input", { type: "checkbox", checked: true });
    this.dimmed.addEventListener("change", () => this.#redraw());
    const threshold = h("div.threshold", {}, h("label", {}, "Threshold ", this.slider), this.shown, h("label", {}, this.dimmed, " rejected, dimmed"));
    this.indexes = h("div.indexes");
    const bar = h("header.bar", {}, h("h1", {}, this.video.name || this.video.id.slice(0, 12)), this.indexes,
      button("Take away", () => takeAway(this), { class: "take-away" }));
    this.position = h("p.unseen", { role: "status" });
    this.element.replaceChildren(bar,
      h("div.columns", {}, h("div.main", {}, this.player.element, this.position, this.timeline.element),
        h("aside", { "aria-label": "Questions and answers" }, this.state, this.chips.element, threshold, this.results)));
    this.thresholdBar = threshold;
    threshold.hidden = true;
    this.questions = current().questions.map((text) => ({ text, off: false, answers: [] }));
    this.#showChips();
    const { t } = current();
    if (t !== null) this.player.seek(t);
  }

  /** Say that the video has no index yet, and offer one. */
  #showUnindexed() {
    const job = this.queue.jobOf(this.video.id);
    if (job) {
      this.state.replaceChildren(h("p.busy", { role: "status" }, "This video is being watched. Ask already: answers come as soon as it is done."));
      this.#adopt(job);
      return;
    }
    if (!may("index")) return this.state.replaceChildren(h("p", {}, "This video is not indexed yet, and this key may not have it done."));
    const chosen = setUp();
    const start = button("Index this video", async () => {
      try {
        await this.queue.index(this.video.id, { queries: this.questions.map(({ text }) => text), options: chosen.options() });
      } catch (error) {
        showError(error);
      }
    }, { class: "primary" });
    this.state.replaceChildren(h("p", {}, "This video is not indexed yet. It is watched once; then every question is answered at once."), start, chosen.element);
  }

  /** Take over the questions that a job answers while it goes on. */
  #adopt(job) {
    for (const text of job.queries) if (!this.questions.some((one) => one.text === text)) this.questions.push({ text, off: false, answers: [] });
    this.#showChips();
    this.#showPartial();
  }

  #showPartial() {
    const found = this.queue.partials.get(this.video.id);
    if (!found || this.panes.length) return;
    this.results.replaceChildren(h("p.busy", {}, `Found so far, in ${many(found.frames_done, "frame")}:`), ...found.queries.map(({ query, tracks }) =>
      h("section.answer", {}, h("h2", {}, query, h("span.count", {}, String(tracks.length))), h("ol", {}, ...tracks.slice(0, 12).map((track) =>
        h("li", {}, button(`#${track.track_id} ${track.class}, ${span(track.spans[0].first_time_s, track.spans[0].last_time_s)}`, () =>
          this.player.seek(track.spans[0].first_time_s), { class: "link" })))))));
  }

  /** Show one index, or two side by side. */
  async #open(ids) {
    const opened = await Promise.all(ids.map(async (id) => new Tracks(await getJson(`/v1/indexes/${id}/tracks`))));
    if (this.#closed) return;
    this.panes = opened.map((tracks) => ({ tracks }));
    this.kinds = new Set();
    this.video.duration_s ??= opened[0].video.duration_s;
    this.state.replaceChildren(...opened[0].warnings.map((text) => h("p.warning", {}, text)));
    this.#showIndexes();
    await Promise.all(this.questions.map((question) => this.#answer(question).catch((error) => {
      this.questions = this.questions.filter((one) => one !== question);
      showError(error);
    })));
    this.#refresh();
    this.#suggest();
    const { track } = current();
    if (track !== null) this.#choose(this.#entryOf(track));
  }

  #showIndexes() {
    const names = this.video.indexes.map((one) => [one.id, nameOf(one)]);
    const [first, second] = this.panes.map(({ tracks }) => tracks.indexId);
    const choose = (index, against) => {
      keep({ ...this.#address(), index, against: against === index ? null : against });
      this.load();
    };
    const one = select(first, names, { "aria-label": "Index", on: { change: () => choose(one.value, second) } });
    const other = select(second ?? "", [["", "compare with …"], ...names.filter(([id]) => id !== first)], {
      "aria-label": "Compare with", on: { change: () => choose(first, other.value || null) },
    });
    const more = may("index") ? button("Watch another way", () => this.#indexAnew()) : null;
    this.indexes.replaceChildren(...(names.length > 1 ? [one, other] : [h("span", {}, names[0][1])]), ...(more ? [more] : []));
  }

  #indexAnew() {
    const chosen = setUp({ open: true });
    const problem = h("p.error", { role: "alert" });
    const start = button("Start", async () => {
      try {
        await this.queue.index(this.video.id, { options: chosen.options() });
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
      }
    }, { class: "primary" });
    const text = "The video is watched again with other plugins. Both can then be compared, side by side.";
    const dialog = openDialog("Watch another way", h("p", {}, text), chosen.element, problem, h("div.actions", {}, start));
  }

  /**
   * Ask a question more.
   * @throws {Problem} if it is refused; nothing has changed then.
   */
  async ask(text) {
    if (this.questions.some((one) => one.text === text)) return;
    const question = { text, off: false, answers: [] };
    await this.#answer(question);
    this.questions.push(question);
    this.#refresh();
    const count = question.answers[0]?.referred.length;
    if (count !== undefined) announce(`${count ? many(count, "track") : "Nothing matches"}: ${text}`);
  }

  async #answer(question) {
    question.answers = await Promise.all(this.panes.map(async ({ tracks }) => {
      const told = await postJson(`/v1/indexes/${tracks.indexId}/scores`, { queries: [question.text] });
      this.kinds.add(told.score_kind);
      this.standard = told.threshold;
      return new Answer(tracks, told.queries[0], told.score_kind).select(this.threshold ?? told.threshold);
    }));
  }

  async #suggest() {
    try {
      const texts = await suggestions(this.panes[0].tracks);
      this.chips.suggest(texts.filter((text) => !this.questions.some((one) => one.text === text)));
    } catch (error) {
      if (!(error instanceof Problem)) showError(error); // a matcher may refuse them; they are only offers
    }
  }

  #remove(number) {
    this.questions.splice(number, 1);
    this.#refresh();
    this.chips.focus();
  }

  #toggle(number) {
    const question = this.questions[number];
    question.off = !question.off;
    this.#refresh();
  }

  /** Filter anew: what is drawn at once, the cards when the slider rests. */
  #setThreshold(value) {
    this.threshold = value === this.standard ? null : value;
    for (const { answers } of this.questions) for (const answer of answers) answer.select(value);
    this.#showChips();
    this.#showThreshold();
    this.#redraw();
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#showCards(), REST_MS);
    this.#keepAddress();
  }

  #showThreshold() {
    const [kind, another] = this.kinds;
    this.thresholdBar.hidden = !kind || Boolean(another); // scores of two kinds have no threshold in common
    const value = this.threshold ?? this.standard ?? 0.5;
    if (kind === "cosine") this.slider.min = "-1";
    this.slider.value = String(value);
    this.shown.textContent = score(value, kind);
  }

  /** Show what changed everywhere. */
  #refresh() {
    this.#showChips();
    this.#showThreshold();
    this.#redraw();
    this.#showCards();
    this.#keepAddress();
  }

  #showCards() {
    clearTimeout(this.#resting);
    this.results.replaceChildren(...this.questions.flatMap(({ off, answers }, number) => (off ? [] : answers.map((answer, pane) => {
      const list = cardList(answer, number, this.#told());
      if (this.panes.length > 1) list.prepend(h("p.pane-name", {}, this.#paneName(pane)));
      return list;
    }))));
    if (this.chosen) this.chosen = this.#entryOf(this.chosen.track.id);
    this.#markCards();
    if (!this.questions.length && this.panes.length) this.results.replaceChildren(h("p.nothing", {}, `${many(this.panes[0].tracks.all.length, "track")} in this video. Ask for the ones you mean.`));
  }

  #told() {
    return {
      go: (entry, run) => (this.#choose(entry), run && this.player.seek(run.first_s)),
      loop: (run) => this.player.setLoop(this.player.loop?.first_s === run.first_s ? null : { first_s: run.first_s, last_s: run.last_s }),
      clip: (entry, run) => saveClip(this, entry, run).catch(showError),
    };
  }

  #redraw() {
    const of = (pane) => this.questions.map(({ off, answers }) => (off ? null : answers[pane] ?? null));
    const many_ = this.panes.length > 1;
    this.player.setPanes(this.panes.length ? this.panes.map(({ tracks }, pane) => ({ tracks, answers: of(pane), title: many_ ? this.#paneName(pane) : null })) : [{ tracks: null, answers: [], title: null }]);
    this.timeline.showRejected = this.dimmed.checked;
    this.timeline.setAnswers(this.questions.flatMap(({ off, answers }, number) => (off ? [] : answers.map((answer, pane) => ({ answer, number, of: many_ ? this.#paneName(pane) : null })))));
  }

  #paneName(pane) {
    return nameOf(this.video.indexes.find(({ id }) => id === this.panes[pane].tracks.indexId));
  }

  #showChips() {
    this.chips.show(this.questions.map(({ text, off, answers }) => ({ text, off, waiting: !answers.length, count: answers[0]?.referred.length ?? null })));
  }

  #entryOf(trackId) {
    const track = this.panes[0]?.tracks.byId.get(trackId);
    return track ? this.questions.map(({ answers }) => answers[0]?.byRow.get(track.row)).find(Boolean) ?? { track } : null;
  }

  #choose(entry) {
    this.chosen = entry;
    this.timeline.choose(entry);
    this.#markCards();
    if (entry) this.element.querySelector(".card.chosen")?.scrollIntoView({ block: "nearest" });
    this.#keepAddress();
  }

  #markCards() {
    for (const card of this.element.querySelectorAll(".card")) {
      card.classList.toggle("chosen", card.dataset.track === String(this.chosen?.track.id));
    }
  }

  #moved(time_s) {
    this.timeline.setTime(time_s);
    if (!this.player.playing) {
      this.#keepAddress();
      this.#sayWhatIsThere(time_s);
    }
  }

  /** Tell those who cannot see it what is in the frame. */
  #sayWhatIsThere(time_s) {
    const tracks = this.panes[0]?.tracks;
    const at = tracks ? tracks.frameAt(time_s) : -1;
    const there = at < 0 ? [] : tracks.seenAt(at).filter(([track, place]) => this.questions.some(({ off, answers }) => !off && answers[0]?.means(track, place)));
    const names = there.map(([track]) => `#${track.id} ${track.className}`);
    this.position.textContent = `${time(time_s, 2)}: ${names.join(", ") || "no track that is asked for"}`;
  }

  #address() {
    const [first, second] = this.panes.map(({ tracks }) => tracks.indexId);
    const several = this.video.indexes.length > 1;
    return {
      video: this.video.id, index: several ? first : null, against: second ?? null, q: this.questions.map(({ text }) => text),
      threshold: this.threshold, track: this.chosen?.track.id ?? null, t: this.player.time_s ? this.player.time_s.toFixed(3) : null,
    };
  }

  /** Have the address say what is shown; browsers allow that only so often. */
  #keepAddress() {
    if (!this.panes.length) return;
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => keep(this.#address()), KEEP_MS);
  }

  /** A link that opens what is shown now. */
  link() {
    return new URL(address(this.#address()), location.href).href;
  }

  /** Go to the next or the last begin of a span that is asked for. */
  jump(way) {
    const begins = this.questions.flatMap(({ off, answers }) => (off ? [] : answers[0]?.referred ?? []).flatMap(({ runs }) => runs.map(({ first_s }) => first_s))).sort((a, b) => a - b);
    const now = this.player.time_s;
    const next = way > 0 ? begins.find((at) => at > now + 0.01) : begins.findLast((at) => at < now - 0.01);
    if (next !== undefined) this.player.seek(next);
  }

  /** What a key does here; false: nothing. */
  key(event) {
    return this.player ? keysOf(this, event) : false;
  }
}

function nameOf(index) {
  const { detector, tracker, matcher } = index.plugins ?? {};
  return [index.profile, [detector, tracker, matcher].filter(Boolean).join(" · ")].filter(Boolean).join(": ");
}

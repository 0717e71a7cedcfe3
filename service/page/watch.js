/** A video: asked, played, and looked at; by one index of it, or by two side by side. */

import { getJson, Problem } from "./api.js";
import { answers, Tracks } from "./answer.js";
import { cardList } from "./cards.js";
import { Chips } from "./chips.js";
import { announce, button, h, keepingFocus, openDialog, select } from "./dom.js";
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
const REFUSED = [400, 422]; // a question is wrong; all else may pass

export class Watch {
  constructor(queue, videoId) {
    this.queue = queue;
    this.videoId = videoId;
    this.questions = []; // {text, off, answers: [Answer of each pane], or [] while it waits for them}
    this.panes = [];
    const { threshold, index, against, track } = current();
    this.threshold = threshold;
    this.wanted = { index, against };
    this.#marking = track;
    this.element = h("div.watch", {}, h("p.loading", { role: "status" }, "Loading …"));
    queue.addEventListener("jobs", this.#jobs);
    queue.addEventListener("partial", this.#partial);
    this.load();
  }

  #closed = false;
  #turn = 0; // what was begun in an earlier one comes too late
  #keeping = null;
  #resting = null;
  #marking = null;

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
    const turn = ++this.#turn;
    const late = () => this.#closed || turn !== this.#turn;
    try {
      const video = await getJson(`/v1/videos/${encodeURIComponent(this.videoId)}`);
      if (late()) return;
      this.video = video;
      if (!this.player) this.#build();
      const [first] = this.video.indexes;
      if (!first) return this.#showUnindexed();
      const named = (id) => this.video.indexes.find((one) => one.id === id)?.id ?? null;
      const ids = [...new Set([named(this.wanted.index) ?? first.id, named(this.wanted.against)])].filter(Boolean);
      this.wanted = { index: ids[0], against: ids[1] ?? null };
      if (this.panes.length) this.#showIndexes();
      if (ids.join() !== this.panes.map(({ tracks }) => tracks.indexId).join()) {
        const opened = await Promise.all(ids.map(async (id) => new Tracks(await getJson(`/v1/indexes/${id}/tracks`))));
        if (late()) return;
        this.#open(opened);
      }
      await this.#answerRest();
    } catch (error) {
      if (late()) return;
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
      this.state.replaceChildren(h("p.busy", { role: "status" }, "This video is being watched. Ask already: what is found so far is shown, and the rest when it is done."));
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
    for (const text of job.queries) if (!this.#isAsked(text)) this.questions.push({ text, off: false, answers: [] });
    this.#showChips();
    this.#showPartial();
  }

  #showPartial() {
    const found = this.queue.partials.get(this.video.id);
    if (!found || this.panes.length) return;
    this.results.replaceChildren(h("p.busy", {}, `Found so far, in ${many(found.frames_done, "frame")}:`), ...found.queries.map(({ query, tracks }) =>
      h("section.answer", {}, h("h2", {}, query, h("span.count", {}, String(tracks.length))), h("ol", {}, ...tracks.slice(0, 12).map((track) =>
        h("li", {}, button(`#${track.track_id} ${track.class}, ${span(track.spans[0].first_time_s, track.spans[0].last_time_s)}`, () =>
          this.player.seek(track.spans[0].first_time_s), { class: "link" })))))),
    ...found.refused.map(({ query, detail }) => h("p.error", { role: "alert" }, `${query}: ${detail}`)));
  }

  /** Show one index, or two side by side. */
  #open(opened) {
    this.panes = opened.map((tracks) => ({ tracks }));
    for (const question of this.questions) question.answers = []; // those that there are are of other tracks
    this.chosen = null;
    this.video.duration_s ??= opened[0].video.duration_s;
    this.state.replaceChildren(...opened[0].warnings.map((text) => h("p.warning", {}, text)));
    this.#showIndexes();
    this.#refresh();
    this.#suggest();
  }

  /** Answer the questions that wait for it. */
  async #answerRest() {
    const { panes } = this;
    const waiting = this.questions.filter(({ answers }) => !answers.length);
    if (!waiting.length) return this.#mark();
    const ended = await Promise.allSettled(waiting.map((question) => this.#answer(question)));
    if (this.#closed || panes !== this.panes) return; // who opened others answers them
    const failed = ended.map(({ reason }, number) => ({ reason, question: waiting[number] })).filter(({ reason }) => reason);
    const refused = failed.filter(({ reason }) => REFUSED.includes(reason.status));
    this.questions = this.questions.filter((one) => !refused.some(({ question }) => question === one));
    for (const { reason } of refused) showError(reason);
    const [other] = failed.filter((one) => !refused.includes(one));
    if (other) showError(other.reason, () => this.load()); // they stay, and are asked again
    this.#refresh();
    this.#mark();
  }

  /** Choose the track that the address named. */
  #mark() {
    const track = this.panes[0].tracks.byId.get(this.#marking);
    this.#marking = null;
    if (track) this.#choose(this.#entryOf(track));
  }

  #showIndexes() {
    const names = this.video.indexes.map((one) => [one.id, nameOf(one)]);
    const [first, second] = this.panes.map(({ tracks }) => tracks.indexId);
    const choose = (index, against) => {
      this.wanted = { index, against: against === index ? null : against };
      keep(this.#address());
      this.load();
    };
    const one = select(first, names, { "aria-label": "Index", on: { change: () => choose(one.value, second) } });
    const other = select(second ?? "", [["", "compare with …"], ...names.filter(([id]) => id !== first)], {
      "aria-label": "Compare with", on: { change: () => choose(first, other.value || null) },
    });
    const more = may("index") ? button("Watch another way", () => this.#indexAnew()) : null;
    const shown = names.length > 1 ? [one, other] : [h("span", {}, names[0][1])];
    keepingFocus(this.indexes, () => this.indexes.replaceChildren(...shown, ...(more ? [more] : [])));
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

  #isAsked(text) {
    return this.questions.some((one) => one.text === text);
  }

  /**
   * Ask a question more.
   * @throws {Problem} if it is refused; nothing has changed then.
   */
  async ask(text) {
    if (this.#isAsked(text)) return;
    const question = { text, off: false, answers: [] };
    if (this.panes.length) await this.#answer(question);
    else await this.queue.ask(this.video.id, text);
    if (this.#closed || this.#isAsked(text)) return; // or asked twice meanwhile
    this.questions.push(question);
    this.#refresh();
    if (this.panes.length && !question.answers.length) await this.#answerRest(); // the index was made meanwhile
    const count = question.answers[0]?.referred.length;
    if (count !== undefined) announce(`${count ? many(count, "track") : "Nothing matches"}: ${text}`);
  }

  /** Answer a question by the indexes that are shown. */
  async #answer(question) {
    const { panes } = this;
    const found = await Promise.all(panes.map(async ({ tracks }) => (await answers(tracks, [question.text]))[0]));
    if (panes !== this.panes) return this.#answer(question); // others are shown by now
    question.answers = found.map((answer) => answer.select(this.threshold));
  }

  async #suggest() {
    const { panes } = this;
    try {
      const texts = await suggestions(panes[0].tracks);
      if (panes === this.panes) this.chips.suggest(texts.filter((text) => !this.#isAsked(text)));
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
    this.threshold = value === this.#scale().standard ? null : value;
    for (const { answers } of this.questions) for (const answer of answers) answer.select(this.threshold);
    this.#showChips();
    this.#showThreshold();
    this.#redraw();
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#showCards(), REST_MS);
    this.#keepAddress();
  }

  /** What the scores are: `{kind, standard}`, or nothing where there are none, or two kinds with no threshold in common. */
  #scale() {
    const [first, ...others] = this.questions.flatMap(({ answers }) => answers);
    return first && others.every(({ kind }) => kind === first.kind) ? first : {};
  }

  #showThreshold() {
    const { kind, standard } = this.#scale();
    this.thresholdBar.hidden = !kind;
    if (!kind) return;
    const value = this.threshold ?? standard;
    this.slider.min = kind === "cosine" ? "-1" : "0";
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
    if (!this.panes.length) return this.#showPartial();
    this.results.replaceChildren(...this.questions.flatMap(({ off, answers }, number) => (off ? [] : answers.map((answer, pane) => {
      const list = cardList(answer, number, this.#told(answer));
      if (this.panes.length > 1) list.prepend(h("p.pane-name", {}, this.#paneName(pane)));
      return list;
    }))));
    if (this.chosen) this.chosen = this.#entryOf(this.chosen.track);
    this.#markCards();
    if (!this.questions.length) this.results.replaceChildren(h("p.nothing", {}, `${many(this.panes[0].tracks.all.length, "track")} in this video. Ask for the ones you mean.`));
  }

  #told({ tracks }) {
    return {
      go: (entry, run) => (this.#choose(entry), run && this.player.seek(run.first_s)),
      loop: (run) => this.player.setLoop(this.player.loop?.first_s === run.first_s ? null : { first_s: run.first_s, last_s: run.last_s }),
      clip: (entry, run) => saveClip(this, tracks.indexId, entry, run).catch(showError),
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

  /** How a track is meant, if it is. */
  #entryOf(track) {
    const all = this.questions.flatMap(({ answers }) => answers.map(({ byRow }) => byRow.get(track.row)));
    return all.find((entry) => entry?.track === track) ?? { track };
  }

  #choose(entry) {
    this.chosen = entry;
    this.timeline.choose(entry);
    this.#markCards();
    if (entry) this.element.querySelector(".card.chosen")?.scrollIntoView({ block: "nearest" });
    this.#keepAddress();
  }

  /** The pane that the chosen track is of. */
  #chosenPane() {
    const { track } = this.chosen ?? {};
    return track && this.panes.find(({ tracks }) => tracks.all[track.row] === track);
  }

  #markCards() {
    const of = this.#chosenPane();
    for (const card of this.element.querySelectorAll(".card")) {
      const { index, track } = card.dataset;
      card.classList.toggle("chosen", index === of?.tracks.indexId && track === String(this.chosen.track.id));
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
    const at = this.player.positionIn(tracks);
    const there = at < 0 ? [] : tracks.seenAt(at).filter(([track, place]) => this.questions.some(({ off, answers }) => !off && answers[0]?.means(track, place)));
    const names = there.map(([track]) => `#${track.id} ${track.className}`);
    this.position.textContent = `${time(time_s, 2)}: ${names.join(", ") || "no track that is asked for"}`;
  }

  #address() {
    const { index, against } = this.video.indexes.length > 1 ? this.wanted : {};
    const chosen = this.chosen && this.#chosenPane() === this.panes[0] ? this.chosen.track.id : null;
    return {
      video: this.video.id, index, against, q: this.questions.map(({ text }) => text),
      threshold: this.threshold, track: this.#marking ?? chosen, t: this.player.time_s ? this.player.time_s.toFixed(3) : null,
    };
  }

  /** Have the address say what is shown; browsers allow that only so often. */
  #keepAddress() {
    if (!this.panes.length || this.#closed) return;
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

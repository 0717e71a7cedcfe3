/** A lane for each question: its tracks as bars over time, with their scores as a strip; what was rejected, dimmed. */

import { lowerBound } from "./answer.js";
import { colourOf, paint } from "./colours.js";
import { h, iconButton } from "./dom.js";
import { many, time } from "./format.js";

const ROW_PX = 18;
const DIM_ROW_PX = 7;
const GAP_PX = 2;
const MOST_ROWS = 60;
const RULER_STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const LEAST_S = 0.2;
const DRAG_PX = 5;

export class Timeline {
  /**
   * @param {number} duration_s - of the video.
   * @param {Object} told - `seek(time_s)`, `pick(entry, run)`: a bar was chosen.
   */
  constructor(duration_s, told) {
    this.duration_s = Math.max(duration_s, LEAST_S);
    this.told = told;
    this.view = [0, this.duration_s];
    this.showRejected = true;
    this.chosen = null;
    this.ruler = h("canvas.ruler", { "aria-hidden": "true" });
    this.lanes = h("div.lanes");
    this.head = h("div.playhead", { "aria-hidden": "true" });
    this.marked = h("div.marked", { hidden: true });
    this.field = h("div.field-of-time", {
      tabindex: "0", role: "slider", "aria-label": "Time in the video", "aria-valuemin": "0",
      "aria-valuemax": String(this.duration_s), "aria-valuenow": "0",
    }, this.ruler, this.lanes, this.marked, this.head);
    const tools = h("div.tools", {},
      iconButton("minus", "Show more time (minus)", () => this.zoom(2)),
      iconButton("plus", "Show less time (plus)", () => this.zoom(0.5)),
      iconButton("wide", "Show all of the time (0)", () => this.setView(0, this.duration_s)));
    this.element = h("section.timeline", { "aria-label": "Timeline" }, tools, this.field);
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.field);
  }

  #now_s = 0;
  #width = 0;
  #shown = [];
  #laid = [];

  #listen() {
    const { field } = this;
    field.addEventListener("pointerdown", (event) => this.#pressed(event));
    field.addEventListener("dblclick", () => this.setView(0, this.duration_s));
    field.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.shiftKey) return; // else it scrolls the page
      event.preventDefault();
      const [first, last] = this.view;
      if (event.ctrlKey) this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#timeAt(event.clientX));
      else this.setView(first + ((last - first) * event.deltaY) / 1000, last + ((last - first) * event.deltaY) / 1000);
    }, { passive: false });
  }

  #pressed(event) {
    if (event.button) return;
    const from = event.clientX;
    const stop = new AbortController();
    const { left } = this.field.getBoundingClientRect();
    const mark = (x) => {
      this.marked.hidden = Math.abs(x - from) < DRAG_PX;
      this.marked.style.left = `${Math.min(x, from) - left}px`;
      this.marked.style.width = `${Math.abs(x - from)}px`;
    };
    window.addEventListener("pointermove", ({ clientX }) => mark(clientX), { signal: stop.signal });
    const end = (at) => {
      stop.abort();
      const dragged = !this.marked.hidden;
      this.marked.hidden = true;
      if (at.type === "pointercancel") return;
      const [a, b] = [this.#timeAt(from), this.#timeAt(at.clientX)].sort((x, y) => x - y);
      if (dragged) this.setView(a, b);
      else this.#clicked(event);
    };
    window.addEventListener("pointerup", end, { signal: stop.signal });
    window.addEventListener("pointercancel", end, { signal: stop.signal });
  }

  #clicked(event) {
    const hit = this.#barAt(event);
    if (hit) this.told.pick(hit.entry, hit.run);
    this.told.seek(this.#timeAt(event.clientX));
  }

  #barAt({ target, clientX, clientY }) {
    const lane = this.#laid.find(({ canvas }) => canvas === target);
    if (!lane) return null;
    const [x, y] = [this.#timeAt(clientX), clientY - target.getBoundingClientRect().top];
    const near_s = (3 * (this.view[1] - this.view[0])) / this.field.clientWidth;
    for (const { entry, top, height } of lane.bars) {
      const run = y >= top && y < top + height && entry.runs.find((one) => x >= one.first_s - near_s && x <= one.last_s + near_s);
      if (run) return { entry, run };
    }
    return null;
  }

  #key(event) {
    // arrows go frame by frame, as everywhere
    const step_s = (this.view[1] - this.view[0]) / 10;
    const places = { PageUp: this.#now_s - step_s, PageDown: this.#now_s + step_s, Home: 0, End: this.duration_s };
    if (!(event.key in places) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.told.seek(Math.min(Math.max(0, places[event.key]), this.duration_s));
  }

  #timeAt(clientX) {
    const { left, width } = this.field.getBoundingClientRect();
    const [first, last] = this.view;
    return Math.min(Math.max(first + ((clientX - left) / width) * (last - first), 0), this.duration_s);
  }

  /** Show a part of the time, or as much of it as there is. */
  setView(first_s, last_s) {
    const length = Math.min(Math.max(last_s - first_s, LEAST_S), this.duration_s);
    const first = Math.min(Math.max(0, first_s), this.duration_s - length);
    this.view = [first, first + length];
    this.draw();
  }

  /** The part of the time that is shown. */
  get span() {
    return { first_s: this.view[0], last_s: this.view[1] };
  }

  /** Show `factor` times as much time, around a time or what plays. */
  zoom(factor, around_s = this.#now_s) {
    const [first, last] = this.view;
    this.setView(around_s - (around_s - first) * factor, around_s + (last - around_s) * factor);
  }

  /**
   * Show answers, each in a lane.
   * @param {Array<{answer: Answer, number: number, of: string|null}>} shown - with the number of the question, which is
   *   its colour, and the index where there are several.
   */
  setAnswers(shown) {
    this.#shown = shown;
    this.draw();
  }

  setTime(time_s) {
    this.#now_s = time_s;
    const [first, last] = this.view;
    const share = (time_s - first) / (last - first);
    this.head.hidden = share < 0 || share > 1;
    this.head.style.transform = `translateX(${share * this.#width}px)`;
    const said = time(time_s); // of tenths of a second: for every frame would be too much to hear, and to draw
    if (this.field.getAttribute("aria-valuetext") === said) return;
    this.field.setAttribute("aria-valuenow", time_s.toFixed(1));
    this.field.setAttribute("aria-valuetext", said);
  }

  /** Mark a track: the one whose card is open. */
  choose(entry) {
    this.chosen = entry;
    this.draw();
  }

  draw() {
    this.#width = this.field.clientWidth; // asked for once: with each frame it would cost more than the drawing
    if (!this.#width) return;
    this.#drawRuler();
    this.#laid = this.#shown.map((one) => this.#lay(one));
    this.lanes.replaceChildren(...this.#laid.map((lane) => this.#lane(lane)));
    for (const lane of this.#laid) this.#drawLane(lane);
    this.setTime(this.#now_s);
  }

  /** Put bars into rows so that none lies over another: what is meant first, then what is not. */
  #lay({ answer, number, of }) {
    const bars = [];
    const rejected = this.showRejected ? answer.rejected.map((entry) => ({ ...entry, runs: [whole(entry, answer)] })) : [];
    let top = GAP_PX;
    for (const [entries, height, dim] of [[answer.referred, ROW_PX, false], [rejected, DIM_ROW_PX, true]]) {
      const ends = [];
      const byTime = [...entries].sort((a, b) => a.runs[0].first_s - b.runs[0].first_s);
      for (const entry of byTime) {
        const free = ends.findIndex((end) => end <= entry.runs[0].first_s);
        const row = free < 0 ? ends.length : free;
        if (row >= MOST_ROWS) continue;
        ends[row] = entry.runs.at(-1).last_s;
        bars.push({ entry, dim, top: top + row * (height + GAP_PX), height });
      }
      top += ends.length * (height + GAP_PX);
    }
    return { answer, number, of, bars, height: Math.max(top, ROW_PX), canvas: h("canvas", { "aria-hidden": "true" }) };
  }

  #lane({ answer, number, of, height, canvas }) {
    canvas.style.height = `${height}px`;
    const count = answer.referred.length ? many(answer.referred.length, "track") : "nothing matches";
    const title = h("header", {}, h("span.swatch"), h("strong", {}, answer.query), h("span.count", {}, count), of && h("span.of", {}, of));
    return paint(h("div.lane", {}, title, canvas), number);
  }

  #context(canvas, height) {
    const scale = window.devicePixelRatio || 1;
    const width = this.#width;
    Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    return [context, width];
  }

  #drawLane({ answer, number, bars, height, canvas }) {
    const [context, width] = this.#context(canvas, height);
    const [first, last] = this.view;
    const x = (time_s) => ((time_s - first) / (last - first)) * width;
    for (const bar of bars) {
      for (const run of bar.entry.runs) {
        if (run.last_s < first || run.first_s > last) continue;
        drawBar(context, answer, bar, run, x, colourOf(number), this.chosen?.track === bar.entry.track);
      }
    }
  }

  #drawRuler() {
    const [context, width] = this.#context(this.ruler, 20);
    const [first, last] = this.view;
    const step = RULER_STEPS_S.find((one) => (one / (last - first)) * width > 70) ?? RULER_STEPS_S.at(-1);
    const ink = getComputedStyle(this.element).color;
    Object.assign(context, { fillStyle: ink, strokeStyle: ink, font: "11px system-ui, sans-serif", globalAlpha: 0.75 });
    for (let at = Math.ceil(first / step) * step; at <= last + 1e-9; at += step) {
      const left = Math.round(((at - first) / (last - first)) * width) + 0.5;
      context.fillRect(left, 14, 1, 6);
      context.fillText(time(at, step < 1 ? 1 : 0), Math.min(left + 3, width - 34), 12);
    }
  }
}

/** All of a track that is not meant, as one range. */
function whole({ track }, answer) {
  const { tracks } = answer;
  const stop = track.frames.length;
  return { start: 0, stop, first_s: tracks.timeOf(track.frames[0]), last_s: tracks.timeOf(track.frames[stop - 1]) };
}

function drawBar(context, answer, { entry, top, height, dim }, run, x, colour, chosen) {
  const [left, right] = [x(run.first_s), x(run.last_s)];
  const width = Math.max(2, right - left);
  context.globalAlpha = dim ? 0.25 : 0.3;
  context.fillStyle = dim ? "#808890" : colour;
  context.fillRect(left, top, width, height);
  context.globalAlpha = dim ? 0.5 : 1;
  drawStrip(context, answer, entry, run, { left, width, top, height });
  if (chosen) {
    context.globalAlpha = 1;
    context.strokeStyle = getComputedStyle(context.canvas).color;
    context.lineWidth = 2;
    context.strokeRect(left - 1, top - 1, width + 2, height + 2);
  }
}

/** The score over time: a column for each pixel, as high as the score. */
function drawStrip(context, answer, { track, scores }, run, { left, width, top, height }) {
  const [low, high] = answer.kind === "probability" ? [0, 1] : [-0.5, 1];
  const frames = track.frames;
  const [from, to] = [frames[run.start], frames[run.stop - 1]];
  const columns = Math.ceil(width);
  const begin = Math.max(0, Math.floor(-left));
  const end = Math.min(columns, Math.ceil(context.canvas.clientWidth - left));
  for (let column = begin; column < end; column++) {
    const at = Math.min(lowerBound(frames, from + ((to - from) * column) / columns), run.stop - 1);
    const tall = Math.max(1, Math.min(1, (scores[at] - low) / (high - low)) * height);
    context.fillRect(left + column, top + height - tall, 1, tall);
  }
}

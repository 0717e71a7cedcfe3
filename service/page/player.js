/** Plays a video with boxes over it, each in step with the frame that is shown. */

import { lowerBound } from "./answer.js";
import { call, Unreachable, untilReachable } from "./api.js";
import { Clock } from "./clock.js";
import { h, iconButton, release, select } from "./dom.js";
import { time } from "./format.js";
import { icon } from "./icons.js";
import { drawPane, paneAt } from "./painting.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2, 4];
const FIRST_BYTE = { Range: "bytes=0-0" };
const STEP_TRIES = 16;
const STEP_GROWTH = 1.5;
const TOLD_MS = 30; // a frame is told of a little after the seek
const UNTOLD_MS = 100;
const ASKED_TIMES = 5;
const BESIDE_S = 0.0001;
const SAME_S = 1e-6;
const INSIDE_S = 0.0005; // a seek to the very time of a frame may fall before it

export class Player {
  /**
   * @param {Object} video - as the service tells it: id, name, width, height, fps, duration_s, bytes.
   * @param {Function} changed - called with the time in seconds of each frame that is shown.
   */
  constructor(video, changed) {
    this.video = video;
    this.changed = changed;
    this.time_s = 0;
    this.loop = null;
    this.trails = false;
    this.everything = false;
    this.panes = [];
    this.#frame_s = 1 / (video.fps || 25);
    this.#origin_s = null;
    this.#start_s = null;
    this.#media = video.bytes === null ? new Clock(video.duration_s ?? 0) : this.#makeVideo();
    this.stage = h("div.stage", { role: "group", "aria-label": `Video ${video.name}` });
    this.tooltip = h("div.tooltip", { role: "tooltip", hidden: true });
    this.controls = this.#makeControls();
    this.element = h("section.player", { "aria-label": "Player" }, this.stage, this.controls);
    this.setPanes([{ tracks: null, answers: [], title: null }]);
    this.#follow();
  }

  #media;
  #frame_s;
  #shown_s = 0; // how long a frame may have been shown when its time is read
  #origin_s;
  #start_s;
  #stopped = new AbortController();

  #makeVideo() {
    const media = h("video", { playsinline: true, preload: "auto", "aria-hidden": "true", disablepictureinpicture: true });
    media.muted = true;
    media.src = `/v1/videos/${this.video.id}/file`;
    media.addEventListener("error", () => this.#failed());
    media.addEventListener("loadeddata", () => this.#say(null));
    return media;
  }

  /** The browser cannot play what it has: the service may be away, or the file be of a kind that it does not play. */
  async #failed() {
    const { src } = this.#media;
    const { signal } = this.#stopped;
    if (!src || signal.aborted) return;
    try {
      await call(src, { headers: FIRST_BYTE, signal });
      const other = `/v1/videos/${this.video.id}/playable`;
      if (src.endsWith(other)) return this.#say("This browser cannot play this video.");
      this.#say("This browser does not play the file as it is. The service is making one that it plays …");
      await call(other, { headers: FIRST_BYTE, signal });
      this.#load(other);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unreachable)) return this.#say(error.message);
      await untilReachable(signal);
      if (!signal.aborted) this.#load(src);
    }
  }

  /** Play a file from where it was. */
  #load(src) {
    this.#start_s = this.time_s || this.#start_s;
    this.#origin_s = null;
    this.#media.src = src;
  }

  #say(text) {
    this.notice?.remove();
    if (text) this.stage.append((this.notice = h("p.notice", { role: "status" }, text)));
  }

  #makeControls() {
    this.playButton = iconButton("play", "Play (space)", () => this.toggle());
    this.clock = h("output.clock", { "aria-label": "Time" });
    this.speed = select("1", SPEEDS.map((one) => [String(one), `${one} ×`]), {
      "aria-label": "Speed",
      on: { change: () => this.setSpeed(Number(this.speed.value)) },
    });
    this.loopButton = iconButton("loop", "Play the chosen span again and again (l)", () => this.setLoop(null));
    this.loopButton.hidden = true;
    this.trailsButton = this.#toggler("trails", "Trails (t)", () => this.setTrails(!this.trails));
    this.everythingButton = this.#toggler("boxes", "Show every track (a)", () => this.setEverything(!this.everything));
    this.muteButton = this.#toggler("sound", "Sound (m)", () => this.setMuted(!this.#media.muted));
    return h("div.controls", { role: "toolbar", "aria-label": "Playing" },
      iconButton("back", "Frame before (left arrow)", () => this.step(-1)),
      this.playButton,
      iconButton("forward", "Next frame (right arrow)", () => this.step(1)),
      this.clock, h("span.grow"), this.loopButton, this.speed, this.trailsButton, this.everythingButton, this.muteButton,
      iconButton("full", "Full screen (f)", () => this.toggleFullScreen()));
  }

  #toggler(picture, name, pressed) {
    return iconButton(picture, name, pressed, { "aria-pressed": "false" });
  }

  /** Follow what is shown: frame by frame where the browser tells of each, else as often as the page is drawn. */
  #follow() {
    const { signal } = this.#stopped;
    const media = this.#media;
    for (const event of ["play", "pause"]) media.addEventListener(event, () => this.#showPlaying(), { signal });
    media.addEventListener("ended", () => this.#ended(), { signal });
    new ResizeObserver(() => this.draw()).observe(this.stage);
    if (media.requestVideoFrameCallback) {
      const shown = (_now, { mediaTime }) => {
        if (signal.aborted) return;
        this.#untold = 0;
        // Firefox tells the time that was sought, not the frame's
        const sought = media.paused && mediaTime > SAME_S && Math.abs(mediaTime - media.currentTime) < SAME_S;
        this.#shown_s = sought ? this.#frame_s : 0;
        this.#origin_s ??= media.currentTime < 0.001 || mediaTime < 1 ? mediaTime : 0;
        this.#at(mediaTime - this.#origin_s);
        if (this.#start_s !== null) this.seek(this.#start_s);
        this.#start_s = null;
        media.requestVideoFrameCallback(shown);
      };
      media.requestVideoFrameCallback(shown);
      media.addEventListener("seeked", () => setTimeout(() => this.#askAgain(), UNTOLD_MS), { signal });
      return;
    }
    this.#origin_s = 0;
    this.#shown_s = this.#frame_s;
    let before = -1;
    const tick = () => {
      if (signal.aborted) return;
      if (media.currentTime !== before) this.#at((before = media.currentTime));
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  #untold = 0; // how often a frame has been sought since one was told of

  /** Chromium sometimes shows the frame that was sought without telling of it; it does when asked a little beside. */
  #askAgain() {
    const media = this.#media;
    if (!this.#untold || this.#untold > ASKED_TIMES || !media.paused || media.seeking || this.#stopped.signal.aborted) return;
    this.#untold++;
    media.currentTime += BESIDE_S;
  }

  #at(time_s) {
    this.time_s = Math.max(0, time_s);
    if (this.loop && !this.#media.paused && (time_s >= this.loop.last_s || time_s < this.loop.first_s - 0.1)) {
      this.seek(this.loop.first_s);
    }
    this.draw();
    this.clock.textContent = `${time(this.time_s, 2)} / ${time(this.video.duration_s ?? 0)}`;
    this.changed(this.time_s);
  }

  /** Go on with a loop that ends with the video. */
  #ended() {
    if (!this.loop) return;
    this.seek(this.loop.first_s);
    this.toggle();
  }

  /** The position of the frame that is shown among those of an index; -1 where it has no track. */
  positionIn(tracks) {
    return tracks?.frameAt(this.time_s, this.#shown_s) ?? -1;
  }

  #showPlaying() {
    const { paused } = this.#media;
    this.playButton.replaceChildren(icon(paused ? "play" : "pause"));
    this.playButton.title = paused ? "Play (space)" : "Pause (space)";
    this.playButton.setAttribute("aria-label", this.playButton.title);
  }

  /**
   * Show indexes of the video, each in a picture of its own; the first one lies over the video itself.
   * @param {Array<{tracks: Tracks|null, answers: Answer[], title: string|null}>} panes - what is drawn.
   */
  setPanes(panes) {
    const many = panes.length > 1;
    this.panes = panes.map((pane, number) => ({
      ...pane,
      canvas: this.panes[number]?.canvas ?? h("canvas", { "aria-hidden": "true" }),
      copies: number > 0 ? this.#media : null,
    }));
    this.stage.classList.toggle("pair", many);
    this.stage.style.setProperty("--aspect", `${this.video.width} / ${this.video.height}`);
    this.stage.style.setProperty("--ratio", String(this.video.width / this.video.height));
    const figures = this.panes.map((pane, number) => {
      const over = number === 0 && this.#media instanceof Element ? this.#media : null;
      const figure = h("figure", {}, over, pane.canvas, pane.title && h("figcaption", {}, pane.title));
      figure.addEventListener("pointermove", (event) => this.#hover(pane, event));
      figure.addEventListener("pointerleave", () => this.#hover(null));
      figure.addEventListener("click", () => this.toggle());
      return figure;
    });
    this.stage.replaceChildren(...figures, this.tooltip, ...(this.notice ? [this.notice] : []));
    if (this.video.bytes === null) {
      this.#say("The file of this video is not kept here: its tracks are shown on black. Send the file to see it.");
    }
    this.draw();
  }

  /** Draw what belongs to the frame that is shown. */
  draw() {
    for (const pane of this.panes) drawPane(pane, this);
  }

  #hover(pane, event) {
    const found = pane && paneAt(pane, this, event.offsetX, event.offsetY);
    this.tooltip.hidden = !found;
    if (!found) return;
    const { left, top } = this.stage.getBoundingClientRect();
    this.tooltip.style.transform = `translate(${event.clientX - left + 12}px, ${event.clientY - top + 12}px)`;
    this.tooltip.replaceChildren(...found);
  }

  get playing() {
    return !this.#media.paused;
  }

  toggle() {
    if (this.#media.paused) this.#media.play().catch(() => {}); // a browser may want a press first
    else this.#media.pause();
  }

  /** Go to a time; before the first frame was shown, as soon as that is possible. */
  seek(time_s) {
    if (this.#origin_s === null) {
      this.#start_s = time_s;
      return;
    }
    this.#untold = 1;
    this.#media.currentTime = this.#origin_s + Math.max(0, time_s) + INSIDE_S;
  }

  /** Go to the frame before or after: a little further each time, until another one is shown. */
  async step(way) {
    this.#media.pause();
    const from_s = this.time_s;
    const [before_s, first_s, known_s] = this.#stride(way);
    let away_s = first_s;
    for (let tried = 0; tried < STEP_TRIES && (this.time_s - from_s) * way <= 0; tried++) {
      const seeked = new Promise((resolve) => this.#media.addEventListener("seeked", resolve, { once: true }));
      this.seek(before_s + way * away_s);
      if (before_s + way * away_s < 0) return;
      await seeked;
      await new Promise((resolve) => setTimeout(resolve, TOLD_MS));
      away_s = away_s < known_s ? Math.min(away_s * STEP_GROWTH, known_s) : away_s * STEP_GROWTH;
    }
  }

  /** Where a step begins, how far it goes at first, and where there is a frame for sure. */
  #stride(way) {
    const { tracks } = this.panes[0];
    const at = this.#shown_s ? this.positionIn(tracks) : -1;
    if (this.#shown_s && at < 0) return [this.time_s, this.#frame_s, Infinity]; // nobody knows when this frame began
    const began_s = at < 0 ? this.time_s : tracks.times_s[at];
    if (way < 0) return [began_s, 0.001 + INSIDE_S, Infinity];
    const times_s = tracks?.times_s ?? [];
    const known_s = (times_s[lowerBound(times_s, began_s + 0.001)] ?? Infinity) - began_s;
    return [began_s, known_s < 1.5 * this.#frame_s ? known_s : 0.75 * this.#frame_s, known_s];
  }

  setSpeed(rate) {
    this.#media.playbackRate = rate;
    this.speed.value = String(rate);
  }

  /** One speed more or less. */
  changeSpeed(way) {
    const at = SPEEDS.indexOf(this.#media.playbackRate) + way;
    this.setSpeed(SPEEDS[Math.min(Math.max(0, at), SPEEDS.length - 1)]);
  }

  /** Play a span again and again; null: no longer. */
  setLoop(span) {
    this.loop = span;
    this.loopButton.hidden = !span;
    this.loopButton.setAttribute("aria-pressed", String(Boolean(span)));
    if (span) this.seek(span.first_s);
    if (span && this.#media.paused) this.toggle();
  }

  setTrails(on) {
    this.trails = on;
    this.trailsButton.setAttribute("aria-pressed", String(on));
    this.draw();
  }

  /** Show tracks that no question means, too. */
  setEverything(on) {
    this.everything = on;
    this.everythingButton.setAttribute("aria-pressed", String(on));
    this.draw();
  }

  setMuted(muted) {
    this.#media.muted = muted;
    this.muteButton.setAttribute("aria-pressed", String(!muted));
  }

  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.element.requestFullscreen?.();
  }

  get muted() {
    return this.#media.muted;
  }

  close() {
    this.#stopped.abort();
    if (this.#media instanceof Element) release(this.#media);
    else this.#media.pause();
  }
}

/** Plays nothing, in time: stands in for a video whose file is not kept, so that its boxes can be seen moving. */

export class Clock extends EventTarget {
  constructor(duration_s) {
    super();
    this.duration = duration_s;
    this.paused = true;
    this.playbackRate = 1;
    this.muted = true;
    this.#at = 0;
  }

  #at;

  get currentTime() {
    return this.#at;
  }

  set currentTime(time_s) {
    this.#at = Math.min(Math.max(0, time_s), this.duration);
    this.dispatchEvent(new Event("seeked"));
  }

  async play() {
    if (!this.paused) return;
    if (this.#at >= this.duration) this.#at = 0;
    this.paused = false;
    this.dispatchEvent(new Event("play"));
    let before_ms = performance.now();
    const tick = (now_ms) => {
      if (this.paused) return;
      this.#at += (Math.max(0, now_ms - before_ms) / 1000) * this.playbackRate;
      before_ms = now_ms;
      if (this.#at < this.duration) return requestAnimationFrame(tick);
      this.#at = this.duration;
      this.pause();
      this.dispatchEvent(new Event("ended"));
    };
    requestAnimationFrame(tick);
  }

  pause() {
    this.paused = true;
    this.dispatchEvent(new Event("pause"));
  }
}

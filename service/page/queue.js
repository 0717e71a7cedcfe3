/** What is being sent and watched, whatever view is open: files one after the other, and the jobs of the service. */

import { getJson, postJson } from "./api.js";
import { announce, h, one } from "./dom.js";
import { bytes } from "./format.js";
import { showError } from "./notices.js";
import { cancelJob, ending, follow, ProgressBar } from "./progress.js";
import { address, current, go } from "./route.js";
import { send, untilDone } from "./upload.js";

const KEPT_MS = 15_000;
const UNENDED = ["running", "queued"];

export class Queue extends EventTarget {
  constructor() {
    super();
    this.jobs = new Map();
    this.partials = new Map();
    this.#place = one("#queue");
  }

  #place;
  #sending = Promise.resolve();

  /**
   * Send files, one after the other, and have each indexed.
   * @param {Iterable<File>} files - videos.
   * @param {{queries: string[], options: Object}} asked - what is answered while they are watched, and how.
   */
  add(files, asked) {
    const list = [...files];
    for (const file of list) {
      const stop = new AbortController();
      const bar = new ProgressBar(file.name, () => stop.abort(new DOMException("given up", "AbortError")));
      bar.show(0, "Waiting");
      this.#place.append(bar.element);
      const sent = () => this.#send(file, asked, bar, stop.signal, list.length === 1);
      this.#sending = this.#sending.then(sent, sent);
    }
  }

  async #send(file, asked, bar, signal, open) {
    const progress = (sent) => bar.show(sent / file.size, `Sending, ${bytes(sent)} of ${bytes(file.size)}`);
    try {
      signal.throwIfAborted();
      const video = await send(file, progress, signal);
      this.dispatchEvent(new Event("changed"));
      bar.show(null, "Sent, waiting for a place in the queue");
      await this.#watch(video, asked, bar, signal);
      if (open && current().view === "library") go({ video, q: asked.queries }); // else somebody is looking at something
    } catch (error) {
      if (error.name !== "AbortError") showError(error, () => this.add([file], asked));
      end(bar, error.name === "AbortError" ? "Cancelled" : "Not sent", true);
    }
  }

  /** Have what was sent indexed; where that is refused the video is there all the same. */
  async #watch(video, asked, bar, signal) {
    try {
      const job = await untilDone(() => this.index(video, asked), signal);
      if (signal.aborted) await cancelJob(job.id); // it was given up while it was being accepted
      signal.throwIfAborted();
      bar.element.remove();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      showError(error, () => this.index(video, asked).catch(showError));
      end(bar, "Sent, but not watched", true);
    }
  }

  /** Have a video indexed, and follow that. */
  async index(video, { queries = [], options = {} } = {}) {
    const job = await postJson(`/v1/videos/${video}/index`, { ...(queries.length ? { queries } : {}), options });
    this.#follow(job);
    return job;
  }

  /** Have the job that is indexing a video answer a question too; where there is none any more, its index will. */
  async ask(video, text) {
    const job = this.jobOf(video);
    if (!job) return;
    try {
      const { queries } = await postJson(`/v1/jobs/${job.id}/queries`, { queries: [text] });
      const known = this.jobs.get(job.id);
      if (known) this.jobs.set(job.id, { ...known, queries });
    } catch (error) {
      if (![404, 409].includes(error.status)) throw error; // it has ended, or is somebody else's
    }
  }

  /** Show the jobs that were there before the page was. */
  async resume() {
    for (const state of UNENDED) {
      const { jobs } = await getJson(`/v1/jobs?state=${state}`);
      for (const job of jobs.filter(({ kind }) => kind === "index")) this.#follow(job);
    }
  }

  async #follow(job) {
    if (this.jobs.has(job.id)) return;
    const bar = new ProgressBar(job.video_name || job.video.slice(0, 12), () => cancelJob(job.id).catch(showError));
    this.jobs.set(job.id, job);
    this.#place.append(bar.element);
    this.#tell("jobs", job);
    const told = {
      state: (state) => {
        const known = this.jobs.get(job.id);
        if (state === known.state || !UNENDED.includes(state)) return; // its end is told of once all is known of it
        this.jobs.set(job.id, { ...known, state });
        this.#tell("jobs", job);
      },
      partial: (found) => {
        this.partials.set(job.video, found);
        this.#tell("partial", job);
      },
    };
    try {
      const ended = await follow(job.id, bar, new AbortController().signal, told);
      this.jobs.set(job.id, ended);
      this.partials.delete(job.video);
      const done = ended.state === "succeeded";
      end(bar, done ? "Ready" : ending(ended), !done);
      announce(`${bar.bar.getAttribute("aria-label")}: ${done ? "ready to be asked" : ending(ended)}`);
      if (done) bar.element.append(h("a", { href: address({ video: job.video }), data: { view: "video" } }, "Open"));
      this.#tell("jobs", ended);
    } catch (error) {
      this.jobs.delete(job.id); // `resume` takes it up again
      this.partials.delete(job.video);
      end(bar, "Not followed any longer", true);
      showError(error, () => this.resume().catch(showError));
      this.#tell("jobs", job);
    }
  }

  #tell(what, job) {
    this.dispatchEvent(new CustomEvent(what, { detail: job }));
    if (what === "jobs") this.dispatchEvent(new Event("changed"));
  }

  /** The job that is indexing a video, if one is. */
  jobOf(video) {
    return [...this.jobs.values()].find((job) => job.video === video && UNENDED.includes(job.state));
  }
}

function end(bar, text, failed) {
  bar.end(text, failed);
  setTimeout(() => bar.element.remove(), KEPT_MS);
}

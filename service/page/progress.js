/** How far uploads and jobs are, as bars with words. */

import { call, events, getJson } from "./api.js";
import { button, h } from "./dom.js";
import { many, remaining } from "./format.js";

const STAGES = { load: "Loading the models", watch: "Watching", answer: "Answering" };

/** A bar with what is done, and how to give it up. */
export class ProgressBar {
  constructor(name, cancel) {
    this.bar = h("progress", { max: 1, "aria-label": name });
    this.text = h("output", {}, "");
    this.cancel = button("Cancel", cancel, { "aria-label": `Cancel ${name}` });
    this.element = h("div.progress", {}, h("span.name", {}, name), this.bar, this.text, this.cancel);
  }

  /** Show a share from 0 to 1, or null where it is not known. */
  show(share, text) {
    if (share === null) this.bar.removeAttribute("value");
    else this.bar.value = share;
    this.text.textContent = text;
  }

  end(text, failed = false) {
    this.cancel.remove();
    this.bar.hidden = true;
    this.text.textContent = text;
    this.element.classList.toggle("failed", failed);
  }
}

/**
 * Follow a job to its end and show how far it is.
 * @param {string} jobId - of the job.
 * @param {ProgressBar} bar - shows it.
 * @param {AbortSignal} signal - stops following; the job goes on.
 * @param {Object} told - `state(state)`, and `partial(found)` of what is found so far.
 * @returns {Promise<Object>} the job when it has ended.
 */
export async function follow(jobId, bar, signal, told) {
  for await (const { kind, data } of events(jobId, signal)) {
    if (kind === "state") told.state(data.state);
    if (kind === "state" && data.state === "queued") bar.show(null, await waiting(jobId));
    else if (kind === "state" && data.state === "running") bar.show(null, "Beginning");
    else if (kind === "progress") bar.show(share(data), words(data));
    else if (kind === "partial") told.partial(data);
  }
  return getJson(`/v1/jobs/${jobId}`, { signal });
}

async function waiting(jobId) {
  const { ahead } = await getJson(`/v1/jobs/${jobId}`);
  return ahead ? `Waiting, ${many(ahead, "job")} ahead` : "Waiting for its turn";
}

function share({ frames_done: done, frames_total: total }) {
  return total ? Math.min(1, done / total) : null;
}

function words({ stage, frames_done: done, frames_total: total, eta_s: eta }) {
  const frames = stage === "watch" && done ? `, frame ${done}${total ? ` of ${total}` : ""}` : "";
  return `${STAGES[stage] ?? stage}${frames}${eta ? `, ${remaining(eta)}` : ""}`;
}

export function cancelJob(jobId) {
  return call(`/v1/jobs/${jobId}/cancel`, { method: "POST" });
}

/** Say how a job has ended, where it did not succeed. */
export function ending(job) {
  if (job.state === "cancelled") return "Cancelled";
  return job.error ? `Failed: ${job.error.detail} (${job.error.code})` : "Failed";
}

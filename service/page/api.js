/** Calls of the service: answers, problems, events. The session's cookie goes along by itself. */

/** What went wrong with a call, as the service said it. */
export class Problem extends Error {
  constructor({ title, detail, code, status, request_id: requestId, retryAfterS = null }) {
    super(detail || title);
    Object.assign(this, { title, detail, code, status, requestId, retryAfterS });
  }

  /** The column of a question at which it is wrong, from 1; null where it is about something else. */
  get column() {
    const found = /^query(?: \d+)?, column (\d+): /.exec(this.detail ?? "");
    return this.code === "bad_query" && found ? Number(found[1]) : null;
  }
}

/** The service did not answer at all. */
export class Unreachable extends Error {
  constructor() {
    super("The service does not answer.");
  }
}

const ENDED = ["succeeded", "failed", "cancelled"];

const listeners = { unauthenticated: new Set(), reachable: new Set() };

/** Be told when a key is needed, or when the service stops or begins to answer (with true or false). */
export function listen(what, listener) {
  listeners[what].add(listener);
}

let wasReachable = true;

function reached(reachable) {
  if (reachable === wasReachable) return;
  wasReachable = reachable;
  for (const listener of listeners.reachable) listener(reachable);
}

/**
 * Call the service.
 * @param {string} path - below its address.
 * @param {Object} [options] - `method`, `body` (an object that goes as JSON), `headers`, `signal`.
 * @returns {Promise<Response>} an answer of status 2xx.
 * @throws {Problem} what the service said. @throws {Unreachable} if it does not answer.
 */
export async function call(path, { method = "GET", body = undefined, headers = {}, signal } = {}) {
  const asked = { method, signal, headers: { Accept: "application/json, */*", ...headers } };
  if (body !== undefined) {
    asked.body = JSON.stringify(body);
    asked.headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(path, asked);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    reached(false);
    throw new Unreachable();
  }
  reached(true);
  if (response.ok) return response;
  const problem = problemFrom(response.status, await response.text(), (name) => response.headers.get(name));
  if (problem.status === 401) for (const listener of listeners.unauthenticated) listener(problem);
  throw problem;
}

/** Read what an answer says went wrong, also where something between here and the service said it. */
export function problemFrom(status, text, header) {
  let told = {};
  try {
    told = JSON.parse(text);
  } catch {
    // not from the service, such as a proxy's page
  }
  const retryAfterS = Number(header("Retry-After")) || null;
  return new Problem({ title: `The service answered ${status}`, status, request_id: header("X-Request-ID"), retryAfterS, ...told });
}

export async function getJson(path, options) {
  return (await call(path, options)).json();
}

export function postJson(path, body, options = {}) {
  return getJson(path, { method: "POST", body, ...options });
}

/**
 * Follow the events of a job until it has ended; a lost connection is taken up again where it broke off.
 * @param {string} jobId - of the job.
 * @param {AbortSignal} signal - ends it.
 * @yields {{kind: string, data: Object}} "state", "progress" and "partial".
 */
export async function* events(jobId, signal) {
  let last = "0";
  for (let wait_s = 1; !signal.aborted; wait_s = Math.min(wait_s * 2, 10)) {
    try {
      const response = await call(`/v1/jobs/${jobId}/events`, { signal, headers: { "Last-Event-ID": last } });
      if (response.status === 204) return;
      for await (const event of parsed(response.body)) {
        last = event.id ?? last;
        wait_s = 1;
        yield event;
        if (event.kind === "state" && ENDED.includes(event.data.state)) return;
      }
    } catch (error) {
      if (signal.aborted || (error instanceof Problem && error.status < 500)) throw error;
    }
    await pause(wait_s, signal);
  }
}

/** Take a stream of server-sent events apart. */
async function* parsed(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const lines = part.split("\n").map((line) => /^(\w+): ?(.*)$/.exec(line)).filter(Boolean);
      const fields = Object.fromEntries(lines.map(([, key, value]) => [key, value]));
      if (fields.data) yield { kind: fields.event, id: fields.id, data: JSON.parse(fields.data) };
    }
  }
}

/** Wait for a while, or until it is given up. */
export function pause(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** Wait until the service answers again, or until it is given up. */
export async function untilReachable(signal = null) {
  reached(false);
  while (!signal?.aborted) {
    try {
      if ((await fetch("/healthz", { cache: "no-store" })).ok) return reached(true);
    } catch {
      // still away
    }
    await pause(1.5, signal);
  }
}

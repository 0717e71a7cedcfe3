/** Sends videos in pieces, by tus 1.0.0; goes on where it broke off, also after the page was loaded anew. */

import { call, pause, Problem, problemFrom, untilReachable, Unreachable } from "./api.js";

const PIECE_BYTES = 16 * 1024 * 1024;
const TUS = { "Tus-Resumable": "1.0.0" };
const REMEMBERED = "trackspeak.upload:";

/**
 * Send a file.
 * @param {File} file - a video.
 * @param {(sent: number) => void} progress - told the bytes that are there.
 * @param {AbortSignal} signal - gives it up; what came is removed from the service.
 * @returns {Promise<string>} the video's id.
 * @throws {Problem} if the service refuses it. An AbortError where it is given up.
 */
export async function send(file, progress, signal) {
  const key = `${REMEMBERED}${file.name}:${file.size}:${file.lastModified}`;
  let address = await untilDone(() => wentBefore(key, signal), signal);
  address ??= await untilDone(() => begun(file, key, signal), signal);
  try {
    return await sendAll(file, address, progress, signal);
  } catch (error) {
    if (signal.aborted) await call(address, { method: "DELETE", headers: TUS }).catch(() => {});
    throw error;
  } finally {
    localStorage.removeItem(key); // sent, refused or given up; a page that is closed gets not so far
  }
}

/** The address of an upload that broke off, if the service still has it. */
async function wentBefore(key, signal) {
  const address = localStorage.getItem(key);
  if (!address) return null;
  try {
    await call(address, { method: "HEAD", headers: TUS, signal });
    return address;
  } catch (error) {
    if (error instanceof Problem && [403, 404, 410].includes(error.status)) return null;
    throw error;
  }
}

async function begun(file, key, signal) {
  const name = btoa(String.fromCodePoint(...new TextEncoder().encode(file.name)));
  const headers = { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": `filename ${name}` };
  const response = await call("/v1/uploads", { method: "POST", headers, signal });
  const address = response.headers.get("Location");
  localStorage.setItem(key, address);
  return address;
}

async function sendAll(file, address, progress, signal) {
  for (;;) {
    const video = await untilDone(async () => {
      const told = await state(address, signal);
      progress(told.offset);
      if (told.video) return told.video;
      await patch(file.slice(told.offset, told.offset + PIECE_BYTES), address, told.offset, progress, signal);
      return null;
    }, signal);
    if (video) return video;
  }
}

/**
 * Call the service until it works, or fails for a reason that does not pass.
 * @param {() => Promise} work - the call; it may be made again.
 * @param {AbortSignal} signal - gives it up.
 */
export async function untilDone(work, signal) {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !mayPass(error)) throw error;
      if (error instanceof Unreachable) await untilReachable(signal);
      else await pause(error.retryAfterS ?? 2, signal);
    }
  }
}

/** Whether another try can help; 409 says that a piece does not go on where the last one ended. */
function mayPass(error) {
  return error instanceof Unreachable || (error instanceof Problem && [408, 409, 429, 502, 503, 504].includes(error.status));
}

async function state(address, signal) {
  const { headers } = await call(address, { method: "HEAD", headers: TUS, signal });
  return { offset: Number(headers.get("Upload-Offset")), video: headers.get("Trackspeak-Video") };
}

/** Send a piece; not by `fetch`, which does not tell how much of a body has gone. */
function patch(piece, address, offset, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("PATCH", address);
    const headers = { ...TUS, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(offset + event.loaded));
    const problem = () => problemFrom(request.status, request.responseText, (name) => request.getResponseHeader(name));
    request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(problem())));
    request.addEventListener("error", () => reject(new Unreachable()));
    request.addEventListener("abort", () => reject(signal.reason));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", abort));
    signal.addEventListener("abort", abort);
    request.send(piece);
  });
}

/** What can be taken from what is on the screen: files, the video with boxes, clips, a link, the calls that give the same. */

import { call } from "./api.js";
import { button, copyable, h, openDialog, saveBlob } from "./dom.js";
import { showError } from "./notices.js";
import { wantsKey } from "./session.js";

/** What `?format=` takes, and what for. */
const FORMATS = [
  ["json", "JSON, the result"],
  ["jsonl", "JSON Lines, a box a line"],
  ["mot", "MOTChallenge"],
  ["rmot", "Refer-KITTI layout"],
  ["kitti", "KITTI tracking"],
  ["cvat", "CVAT for video 1.1"],
  ["coco", "COCO with track_id"],
  ["fiftyone", "FiftyOne"],
  ["supervision", "supervision CSV"],
];

/** Open the dialog with all that can be taken away. */
export function takeAway(watch) {
  if (!watch.questions.length) {
    return openDialog("Take away", h("p", {}, "Ask something first: what is taken away is the answer."), copyable("Link", watch.link()));
  }
  const files = FORMATS.map(([name, what]) => button(what, (event) => saveFormat(watch, name, event.target), { data: { format: name } }));
  const kept = watch.video.bytes !== null;
  const drawn = kept ? button("Video with boxes (MP4)", (event) => saveDrawn(watch, {}, event.target), { data: { format: "mp4" } }) : null;
  openDialog("Take away", h("h3", {}, "Files"), h("div.formats", {}, ...files, drawn), copyable("Link", watch.link()),
    copyable("curl", curl(watch)), copyable("Python", python(watch)));
}

function question(watch) {
  const { threshold, video, panes, questions } = watch;
  return {
    video: video.id,
    body: {
      queries: questions.map(({ text }) => text),
      ...(video.indexes.length > 1 ? { index: panes[0].tracks.indexId } : {}),
      ...(threshold === null ? {} : { options: { threshold } }),
    },
  };
}

async function saveFormat(watch, format, pressed) {
  const { video, body } = question(watch);
  await busy(pressed, async () => {
    const response = await call(`/v1/videos/${video}/queries?format=${format}`, { method: "POST", body });
    const named = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
    saveBlob(await response.blob(), named ?? `result.${format}`);
  });
}

/** Save the video with its boxes drawn in; `more` says which track and from when to when. */
async function saveDrawn(watch, more, pressed = null) {
  const { video, body } = question(watch);
  const asked = new URLSearchParams();
  for (const text of body.queries) asked.append("query", text);
  const values = { index: body.index, threshold: body.options?.threshold, ...more };
  for (const [name, value] of Object.entries(values)) if (value !== undefined) asked.set(name, String(value));
  const save = async () => saveBlob(await (await call(`/v1/videos/${video}/drawn?${asked}`)).blob(), clipName(watch, more));
  await (pressed ? busy(pressed, save) : save());
}

function clipName({ video }, { track }) {
  const stem = (video.name || "video").replace(/\.[^.]*$/, "");
  return track === undefined ? `${stem}-tracks.mp4` : `${stem}-track-${track}.mp4`;
}

/** Save a clip of one track of an index, with a little before and after. */
export function saveClip(watch, index, { track }, run) {
  return saveDrawn(watch, { index, track: track.id, first_time_s: Math.max(0, run.first_s - 0.5), last_time_s: run.last_s + 0.5 });
}

/** Show that something is being made, and what went wrong with it. */
async function busy(pressed, work) {
  const text = pressed.textContent;
  Object.assign(pressed, { disabled: true, textContent: `${text} …` });
  try {
    await work();
  } catch (error) {
    showError(error);
  } finally {
    Object.assign(pressed, { disabled: false, textContent: text });
  }
}

function curl(watch) {
  const { video, body } = question(watch);
  const quoted = JSON.stringify(body).replaceAll("'", String.raw`'\''`);
  const key = wantsKey() ? [`  -H "Authorization: Bearer $TRACKSPEAK_KEY" \\`] : [];
  return [`curl ${location.origin}/v1/videos/${video}/queries \\`, ...key, `  --json '${quoted}'`].join("\n");
}

function python(watch) {
  const { video, body } = question(watch);
  const options = body.options ? `, threshold=${body.options.threshold}` : "";
  const index = body.index ? `, index="${body.index}"` : "";
  return [
    "from trackspeak.service.client import Client",
    "",
    `with Client("${location.origin}"${wantsKey() ? ', api_key="tsk_..."' : ""}) as client:`,
    `    answer = client.ask("${video}", ${JSON.stringify(body.queries)}${index}${options})`,
    "    for query in answer.queries:",
    "        print(query.query, [track.track_id for track in query.tracks])",
  ].join("\n");
}

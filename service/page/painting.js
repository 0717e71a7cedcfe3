/** Draws the tracks of a frame over a picture, and tells what is at a point of it. */

import { colourOf } from "./colours.js";
import { h } from "./dom.js";
import { score } from "./format.js";
import { lowerBound } from "./answer.js";

const TRAIL_S = 2;
const FONT = "600 12px system-ui, sans-serif";

/**
 * Draw one pane: the boxes of the frame that is shown, in the colours of the questions that mean them.
 * @param {Object} pane - canvas, tracks, answers, and the video that it copies, if it does.
 * @param {Object} player - time_s, video, trails, everything.
 */
export function drawPane(pane, player) {
  const { canvas } = pane;
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
  if (!width || !height) return;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  const view = fitted(player.video, width, height);
  if (pane.copies instanceof HTMLVideoElement) {
    context.drawImage(pane.copies, view.x, view.y, view.width, view.height);
  }
  if (!pane.tracks) return;
  const position = player.positionIn(pane.tracks);
  canvas.dataset.frame = position < 0 ? "" : String(pane.tracks.frames[position]);
  if (position < 0) return;
  const seen = pane.tracks.seenAt(position).map(([track, at]) => ({ track, at, by: meaning(pane, track, at) }));
  const shown = seen.filter(({ by }) => by.length || player.everything);
  shown.sort((a, b) => a.by.length - b.by.length); // what is meant lies on top
  for (const one of shown) drawTrack(context, one, pane.tracks, view, player, scale);
}

/** The questions that mean a track in a frame, by their numbers. */
function meaning(pane, track, at) {
  return pane.answers.flatMap((answer, number) => (answer && !answer.off && answer.means(track, at) ? [number] : []));
}

/** Where a frame lies in a canvas, whole and with its own proportions. */
function fitted(video, width, height) {
  const zoom = Math.min(width / video.width, height / video.height);
  const [w, h_] = [video.width * zoom, video.height * zoom];
  return { x: (width - w) / 2, y: (height - h_) / 2, width: w, height: h_, zoom };
}

function drawTrack(context, { track, at, by }, tracks, view, player, scale) {
  const [x1, y1, x2, y2] = boxOf(track, at, view);
  const line = 2 * scale;
  const colours = by.length ? by.map(colourOf) : ["rgb(255 255 255 / 0.55)"];
  if (player.trails && by.length) drawTrail(context, track, at, tracks, view, colours[0], scale);
  context.setLineDash(by.length ? [] : [4 * scale, 4 * scale]);
  context.lineWidth = by.length ? line : scale;
  colours.forEach((colour, number) => {
    const out = number * line; // one around the other where several questions mean it
    context.strokeStyle = colour;
    context.strokeRect(x1 - out, y1 - out, x2 - x1 + 2 * out, y2 - y1 + 2 * out);
  });
  context.setLineDash([]);
  if (by.length) drawLabel(context, `#${track.id}`, x1, y1 - (by.length - 1) * line, colours[0], scale);
}

function drawLabel(context, text, x, y, colour, scale) {
  context.font = FONT.replace("12px", `${12 * scale}px`);
  const [width, height] = [context.measureText(text).width + 8 * scale, 16 * scale];
  const top = Math.max(0, y - height - scale);
  context.fillStyle = colour;
  context.fillRect(x - scale, top, width, height);
  context.fillStyle = "#000";
  context.fillText(text, x + 3 * scale, top + 12 * scale);
}

function drawTrail(context, track, at, tracks, view, colour, scale) {
  const now_s = tracks.timeOf(track.frames[at]);
  const first = lowerBound(track.frames, tracks.frames[Math.min(lowerBound(tracks.times_s, now_s - TRAIL_S), tracks.frames.length - 1)]);
  context.beginPath();
  for (let place = first; place <= at; place++) {
    const [x1, , x2, y2] = boxOf(track, place, view);
    context.lineTo((x1 + x2) / 2, y2);
  }
  context.strokeStyle = colour;
  context.lineWidth = 2 * scale;
  context.stroke();
}

function boxOf({ boxes }, at, { x, y, zoom }) {
  const from = at * 4;
  return [x + boxes[from] * zoom, y + boxes[from + 1] * zoom, x + boxes[from + 2] * zoom, y + boxes[from + 3] * zoom];
}

/** Tell of the smallest track at a point of a pane: lines for people, or null where there is none. */
export function paneAt(pane, player, offsetX, offsetY) {
  const { canvas, tracks } = pane;
  const position = player.positionIn(tracks);
  if (position < 0) return null;
  const view = fitted(player.video, canvas.clientWidth, canvas.clientHeight);
  const under = tracks.seenAt(position).filter(([track, at]) => {
    const [x1, y1, x2, y2] = boxOf(track, at, view);
    return offsetX >= x1 && offsetX <= x2 && offsetY >= y1 && offsetY <= y2;
  });
  if (!under.length) return null;
  const [track, at] = under.sort((a, b) => area(...a) - area(...b))[0];
  return [h("strong", {}, `#${track.id} ${track.className}`), ...pane.answers.filter(Boolean).map((answer) => {
    const scores = answer.perFrame[track.row];
    return h("div", {}, `${scores ? score(scores[at], answer.kind) : "not scored"} · ${answer.query}`);
  })];
}

function area({ boxes }, at) {
  return (boxes[at * 4 + 2] - boxes[at * 4]) * (boxes[at * 4 + 3] - boxes[at * 4 + 1]);
}

/** What the keys do, and the list of it. */

import { longest } from "./answer.js";
import { h, openDialog } from "./dom.js";

const KEYS = [
  ["space", "play or pause"],
  ["← →", "one frame; with shift, one second"],
  ["[ ]", "slower, faster"],
  ["p n", "the last, the next begin of a track that is asked for"],
  ["l", "loop the chosen track, or else what the timeline shows; or end the loop"],
  ["t", "trails"],
  ["a", "all tracks"],
  ["m", "sound"],
  ["f", "full screen"],
  ["+ − 0", "less time in the timeline, more, all"],
  ["/", "write a question"],
  ["?", "this list"],
];

export function showKeys() {
  const rows = KEYS.map(([key, what]) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, key)), h("td", {}, what)));
  openDialog("Keys", h("table.keys", {}, h("tbody", {}, ...rows)));
}

/**
 * Do what a key means for a video that is watched.
 * @returns {boolean} whether it means anything.
 */
export function keysOf(watch, { key, shiftKey }) {
  const { player, timeline } = watch;
  const step = (way) => (shiftKey ? player.seek(player.time_s + way) : player.step(way));
  const does = {
    " ": () => player.toggle(),
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    "[": () => player.changeSpeed(-1),
    "]": () => player.changeSpeed(1),
    n: () => watch.jump(1),
    p: () => watch.jump(-1),
    l: () => player.setLoop(player.loop ? null : (longest(watch.chosen?.runs ?? []) ?? timeline.span)),
    t: () => player.setTrails(!player.trails),
    a: () => player.setEverything(!player.everything),
    m: () => player.setMuted(!player.muted),
    f: () => player.toggleFullScreen(),
    "+": () => timeline.zoom(0.5),
    "=": () => timeline.zoom(0.5),
    "-": () => timeline.zoom(2),
    0: () => timeline.setView(0, timeline.duration_s),
    "/": () => watch.chips.focus(),
  }[key];
  does?.();
  return Boolean(does);
}

/** Questions that a video has an answer to: made of the classes that were seen, and tried out at once. */

import { answers } from "./answer.js";
import { motion } from "./motion.js";

const COLOURS = ["red", "blue", "white", "black", "silver", "green", "yellow"];
const MOST = 5;

/**
 * Suggest questions.
 * @param {Tracks} tracks - of the index.
 * @returns {Promise<string[]>} sentences that refer to at least one track, and not to all.
 */
export async function suggestions(tracks) {
  const counts = new Map();
  for (const { className } of tracks.all) counts.set(className, (counts.get(className) ?? 0) + 1);
  const classes = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 2).map(([name]) => name);
  if (!classes.length) return [];
  const nouns = classes[0] === "object" ? ["car"] : classes;
  const tried = nouns.flatMap((noun) => [...COLOURS.map((colour) => `${colour} ${noun}`), ...ways(tracks).map((way) => `${noun} ${way}`)]);
  return (await answers(tracks, tried))
    .map((answer) => answer.select(null))
    .map(({ query, referred }) => ({ query, count: referred.length, best: referred[0]?.score ?? 0 }))
    .filter(({ count }) => count && count < Math.max(2, tracks.all.length * 0.7))
    .sort((a, b) => b.best - a.best)
    .slice(0, MOST)
    .map(({ query }) => query);
}

/** The ways in which tracks really move. */
function ways(tracks) {
  const seen = tracks.all.map((track) => {
    const stop = track.frames.length;
    return motion(track, 0, stop, tracks.timeOf(track.frames[stop - 1]) - tracks.timeOf(track.frames[0])).way;
  });
  return [["moving left", "left"], ["moving right", "right"]].filter(([, way]) => seen.some((one) => one.endsWith(way))).map(([text]) => text);
}

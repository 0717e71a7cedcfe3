/** How a track moves, from its boxes: for people to read, not what the matcher sees. */

const WAYS = ["right", "down and right", "down", "down and left", "left", "up and left", "up", "up and right"];
const STILL = 0.25; // of a box's own height, over the whole span

/**
 * Tell direction and speed of a part of a track.
 * @param {{boxes: Float32Array}} track - x1, y1, x2, y2 of each frame.
 * @param {number} start - its first position. @param {number} stop - one after its last.
 * @param {number} seconds - how long that is.
 * @returns {{way: string, speed: number}} in pixels of the frame a second, along the straight line.
 */
export function motion(track, start, stop, seconds) {
  const [x1, y1] = centre(track.boxes, start);
  const [x2, y2] = centre(track.boxes, stop - 1);
  const length = Math.hypot(x2 - x1, y2 - y1);
  const height = track.boxes[start * 4 + 3] - track.boxes[start * 4 + 1];
  if (length < STILL * height || !seconds) return { way: "about still", speed: 0 };
  const eighth = Math.round(Math.atan2(y2 - y1, x2 - x1) / (Math.PI / 4));
  return { way: `moving ${WAYS[(eighth + 8) % 8]}`, speed: length / seconds };
}

function centre(boxes, position) {
  const at = position * 4;
  return [(boxes[at] + boxes[at + 2]) / 2, (boxes[at + 1] + boxes[at + 3]) / 2];
}

/**
 * From the scores of segments to referred tracks, as service/pipeline/select.py does it: done here again, so that a
 * threshold answers while it is being dragged. `POST /v1/videos/{video}/queries` gives the same tracks and frames.
 */

import { postJson } from "./api.js";

const TOLERANCE_S = 0.002; // browsers round the times of frames
const NO_TIME_S = 1e-6;

/** All tracks of an index, from `GET /v1/indexes/{index}/tracks`. */
export class Tracks {
  constructor(told) {
    this.indexId = told.index;
    this.video = told.video;
    this.plugins = told.plugins;
    this.profile = told.profile;
    this.warnings = told.warnings;
    this.rule = told.rule;
    this.frames = Int32Array.from(told.frames);
    this.times_s = Float64Array.from(told.times_s);
    this.all = told.tracks.map((track, row) => ({
      row,
      id: track.track_id,
      className: track.class,
      frames: Int32Array.from(track.frames),
      boxes: Float32Array.from(track.boxes_xyxy),
      segments: [],
    }));
    this.byId = new Map(this.all.map((track) => [track.id, track]));
    const { track_ids: ids, first_frames: firsts, last_frames: lasts } = told.segments;
    ids.forEach((id, row) => this.byId.get(id)?.segments.push({ row, first: firsts[row], last: lasts[row] }));
    this.#byFrame = listByFrame(this);
  }

  #byFrame;

  /** The time of a frame in which there is a track. */
  timeOf(frame) {
    return this.times_s[lowerBound(this.frames, frame)];
  }

  /**
   * The position in `frames` of the frame that is shown at a time; -1 where it has no track.
   * @param {number} time_s - that of the frame itself; or one that goes on while it is shown.
   * @param {number} [shown_s] - how long the frame may have been shown by then, if the time goes on.
   */
  frameAt(time_s, shown_s = 0) {
    const { frames, times_s } = this;
    const after = lowerBound(times_s, time_s + (shown_s ? NO_TIME_S : 0));
    const away_s = (at) => Math.abs((times_s[at] ?? Infinity) - time_s);
    if (shown_s) return frames[after] === frames[after - 1] + 1 || away_s(after - 1) < shown_s ? after - 1 : -1;
    const nearest = away_s(after) < away_s(after - 1) ? after : after - 1;
    return away_s(nearest) <= TOLERANCE_S ? nearest : -1;
  }

  /** What is seen in a frame: `[track, position in its frames]` of each. */
  seenAt(position) {
    const { starts, rows, places } = this.#byFrame;
    const found = [];
    for (let at = starts[position]; at < starts[position + 1]; at++) found.push([this.all[rows[at]], places[at]]);
    return found;
  }
}

/** Sort the boxes of all tracks by their frames, once: where each frame's begin, and whose they are. */
function listByFrame({ frames, all }) {
  const positions = all.map((track) => track.frames.map((frame) => lowerBound(frames, frame)));
  const starts = new Int32Array(frames.length + 1);
  for (const of of positions) for (const position of of) starts[position + 1]++;
  for (let at = 1; at < starts.length; at++) starts[at] += starts[at - 1];
  const free = starts.slice();
  const rows = new Int32Array(starts.at(-1));
  const places = new Int32Array(starts.at(-1));
  positions.forEach((of, row) => of.forEach((position, place) => {
    const at = free[position]++;
    rows[at] = row;
    places[at] = place;
  }));
  return { starts, rows, places };
}

/** The first place of a sorted list that is not before a value. */
export function lowerBound(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Give each frame of a track the mean score of the segments that cover it; others what lies on the line between.
 * @returns {Float32Array | null} null where no segment covers any frame.
 */
function frameScores(track, scores) {
  const count = track.frames.length;
  const sums = new Float64Array(count);
  const covers = new Int32Array(count);
  for (const { row, first, last } of track.segments) {
    const stop = lowerBound(track.frames, last + 1);
    for (let at = lowerBound(track.frames, first); at < stop; at++) {
      sums[at] += scores[row];
      covers[at]++;
    }
  }
  const known = [...covers.keys()].filter((at) => covers[at]);
  if (!known.length) return null;
  const means = Float32Array.from(sums, (sum, at) => sum / covers[at]);
  if (known.length < count) fillBetween(means, track.frames, known);
  return means;
}

function fillBetween(means, frames, known) {
  for (let at = 0, next = 0; at < means.length; at++) {
    while (next < known.length && known[next] < at) next++;
    const [left, right] = [known[Math.max(0, next - 1)], known[Math.min(next, known.length - 1)]];
    if (right === at) continue;
    const share = right > left ? Math.min(1, Math.max(0, (frames[at] - frames[left]) / (frames[right] - frames[left]))) : 0;
    means[at] = means[left] + (means[right] - means[left]) * share;
  }
}

/** Give the half-open ranges of positions above the threshold, short gaps closed and short ranges dropped. */
export function runs(track, scores, threshold, rule) {
  const least = Math.min(rule.shortest_span, track.frames.length);
  const limit = Math.fround(threshold);
  const found = [];
  let start = -1;
  let last = -1;
  const end = () => {
    if (start >= 0 && last + 1 - start >= least) found.push([start, last + 1]);
  };
  for (let at = 0; at < scores.length; at++) {
    if (!(scores[at] > limit)) continue;
    if (start < 0 || track.frames[at] - track.frames[last] > rule.closed_gap + 1) {
      end();
      start = at;
    }
    last = at;
  }
  end();
  return found;
}

/**
 * Ask an index questions.
 * @returns {Promise<Answer[]>} one for each; `select` chooses among its tracks.
 * @throws {Problem} if one is refused.
 */
export async function answers(tracks, queries) {
  const told = await postJson(`/v1/indexes/${tracks.indexId}/scores`, { queries });
  return told.queries.map((one) => new Answer(tracks, one, told.score_kind, told.threshold));
}

/** One question about one index: what was asked, and the scores that came of it. */
class Answer {
  /**
   * @param {Tracks} tracks - of the index.
   * @param {Object} told - one of the `queries` of `POST /v1/indexes/{index}/scores`.
   * @param {string} kind - "probability" or "cosine".
   * @param {number} standard - the threshold where none is wanted.
   */
  constructor(tracks, told, kind, standard) {
    this.tracks = tracks;
    this.query = told.query;
    this.kind = kind;
    this.standard = standard;
    this.scores = Float32Array.from(told.scores);
    this.parts = told.parts ?? [];
    this.perFrame = tracks.all.map((track) => frameScores(track, this.scores));
    this.referred = [];
    this.rejected = [];
    this.byRow = new Map();
  }

  /**
   * Choose the tracks that are meant.
   * @param {number|null} threshold - frames that score above it are referred to; null: above the usual one.
   */
  select(threshold) {
    this.threshold = threshold ?? this.standard;
    const found = this.tracks.all.map((track) => this.#chosen(track)).filter(Boolean);
    const best = (a, b) => b.score - a.score || a.track.id - b.track.id;
    this.referred = found.filter((one) => one.runs.length).sort(best);
    this.rejected = found.filter((one) => !one.runs.length).sort(best);
    this.byRow = new Map(this.referred.map((one) => [one.track.row, one]));
    return this;
  }

  #chosen(track) {
    const { threshold } = this;
    const scores = this.perFrame[track.row];
    if (!scores) return null;
    const kept = runs(track, scores, threshold, this.tracks.rule);
    const limit = Math.fround(threshold);
    const ranges = kept.map(([start, stop]) => ({
      start,
      stop,
      first_s: this.tracks.timeOf(track.frames[start]),
      last_s: this.tracks.timeOf(track.frames[stop - 1]),
      score: mean(scores, start, stop, limit),
    }));
    return { track, scores, runs: ranges, score: kept.length ? overall(scores, kept, limit) : peak(scores) };
  }

  /** Whether a track is meant at a position of its frames. */
  means(track, position) {
    const one = this.byRow.get(track.row);
    return Boolean(one?.runs.some(({ start, stop }) => position >= start && position < stop));
  }

  /** The segments of a track that counted most, with the scores of the parts of the question. */
  reasons(track, most = 3) {
    return [...track.segments]
      .sort((a, b) => this.scores[b.row] - this.scores[a.row])
      .slice(0, most)
      .map(({ row, first, last }) => ({
        first_s: this.#timeNear(track, first),
        last_s: this.#timeNear(track, last),
        score: this.scores[row],
        parts: this.parts.map(({ text, scores }) => ({ text, score: scores[row] })),
      }));
  }

  /** A segment may begin or end in a frame that no track has any longer. */
  #timeNear(track, frame) {
    const at = Math.min(lowerBound(track.frames, frame), track.frames.length - 1);
    return this.tracks.timeOf(track.frames[at]);
  }
}

/** The range that takes the most time, if any. */
export function longest(ranges) {
  return ranges.toSorted((a, b) => b.last_s - b.first_s - (a.last_s - a.first_s))[0];
}

function mean(scores, start, stop, limit) {
  return overall(scores, [[start, stop]], limit);
}

/** The mean of the frames of some ranges that are above the threshold. */
function overall(scores, ranges, limit) {
  let [sum, count] = [0, 0];
  for (const [start, stop] of ranges)
    for (let at = start; at < stop; at++)
      if (scores[at] > limit) {
        sum += scores[at];
        count++;
      }
  return sum / count;
}

function peak(scores) {
  return scores.reduce((best, one) => Math.max(best, one), -Infinity);
}

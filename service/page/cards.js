/** The tracks that questions mean, as cards: picture, span, class, motion, and why. */

import { longest } from "./answer.js";
import { paint } from "./colours.js";
import { button, h } from "./dom.js";
import { score, span } from "./format.js";
import { motion } from "./motion.js";

const PAGE = 12;
const NEAR = 5;

/**
 * Make the list of one question's tracks.
 * @param {Answer} answer - with its tracks chosen.
 * @param {number} number - of the question, for its colour.
 * @param {Object} told - `go(entry, run)`, `loop(run)`, `clip(entry, run)`.
 */
export function cardList(answer, number, told) {
  const list = h("ol.cards", { "aria-label": `Tracks of ${answer.query}` });
  const more = button("Show more", () => add(), { class: "more" });
  const add = () => {
    const from = list.children.length;
    list.append(...answer.referred.slice(from, from + PAGE).map((entry) => h("li", {}, card(answer, entry, told))));
    more.hidden = list.children.length >= answer.referred.length;
  };
  add();
  const count = answer.referred.length;
  const heading = h("h2", {}, h("span.swatch"), answer.query, h("span.count", {}, String(count)));
  const nothing = count ? null : h("p.nothing", {}, "Nothing matches. Lower the threshold to see what comes near.");
  return paint(h("section.answer", { data: { query: answer.query } }, heading, nothing, list, more, nearMisses(answer, told)), number);
}

function card(answer, entry, told) {
  const { track } = entry;
  const main = longest(entry.runs);
  const { way, speed } = motion(track, main.start, main.stop, main.last_s - main.first_s);
  const name = `#${track.id} ${track.className}`;
  const go = button("", () => told.go(entry, entry.runs[0]), { class: "picture", "aria-label": `Go to ${name}` });
  go.append(picture(answer, track));
  const spans = entry.runs.slice(0, 3).map((run) =>
    button(span(run.first_s, run.last_s), () => told.go(entry, run), { class: "link", title: "Go there" }));
  if (entry.runs.length > 3) spans.push(h("span", {}, `and ${entry.runs.length - 3} more`));
  return h("article.card", { data: { track: String(track.id), index: answer.tracks.indexId }, "aria-label": name }, go,
    h("div", {},
      h("header", {}, h("strong", {}, name), h("output.score", { title: "Score" }, score(entry.score, answer.kind))),
      h("p.spans", {}, ...spans),
      h("p.motion", {}, speed ? `${way}, ${Math.round(speed)} px/s` : way),
      h("p.actions", {},
        button("Loop", () => told.loop(main), { class: "link", "aria-label": `Loop ${name}` }),
        button("Clip", () => told.clip(entry, main), { class: "link", "aria-label": `Save a clip of ${name}` })),
      why(answer, track)));
}

function picture(answer, track) {
  const shown = h("img", { alt: "", loading: "lazy", decoding: "async" });
  shown.addEventListener("error", () => shown.remove(), { once: true }); // a track need not have one
  shown.src = `/v1/indexes/${answer.tracks.indexId}/tracks/${track.id}/thumbnail`;
  return shown;
}

/** Say which segments counted most, and each part of the question; made when it is first opened. */
function why(answer, track) {
  const box = h("details.why", {}, h("summary", {}, "Why"));
  box.addEventListener("toggle", () => {
    if (box.children.length > 1) return;
    const lines = answer.reasons(track).map((one) => h("li", {},
      `${span(one.first_s, one.last_s)}: ${score(one.score, answer.kind)}`,
      one.parts.length ? h("ul", {}, ...one.parts.map((part) => h("li", {}, `“${part.text}” ${score(part.score, answer.kind)}`))) : null));
    box.append(h("p", {}, "The segments of this track that fit the question best:"), h("ul", {}, ...lines));
  });
  return box;
}

/** What came nearest without being meant. */
function nearMisses(answer, told) {
  const near = answer.rejected.filter((entry) => entry.score > -Infinity).slice(0, NEAR);
  if (!near.length) return null;
  const lines = near.map((entry) => {
    const [best] = answer.reasons(entry.track, 1);
    const name = `#${entry.track.id} ${entry.track.className}`;
    const why_ = entry.score > answer.threshold ? "above the threshold for too short a time" : "below the threshold";
    return h("li", {}, button(name, () => told.go(entry, best), { class: "link" }),
      ` ${score(entry.score, answer.kind)} at best, ${why_}`, best ? ` (${span(best.first_s, best.last_s)})` : "");
  });
  return h("details.near", {}, h("summary", {}, "What came near"), h("ul", {}, ...lines));
}

/** How a video is to be watched: the profile, plugins in place of its own, and their options. */

import { getJson } from "./api.js";
import { field, h, select } from "./dom.js";
import { showError } from "./notices.js";

const KINDS = [["detector", "Detector"], ["tracker", "Tracker"], ["matcher", "Matcher"]];
const USUAL = "embedded";

/**
 * Make the choice of profile and plugins; filled when it is first opened.
 * @param {{open: boolean}} [how] - whether it is open from the beginning.
 * @returns {{element: Element, options: () => Object}} `options` as `POST /v1/videos/{video}/index` takes them; it
 *   throws a SyntaxError where what was written is no JSON object.
 */
export function setUp({ open = false } = {}) {
  const box = h("details.set-up", { open }, h("summary", {}, "How it is watched"));
  const chosen = {};
  const more = h("input", { type: "text", placeholder: '{"set": {"tracker.max_age": 60}}', spellcheck: "false" });
  let filled = false;
  const fill = async () => {
    if (filled) return;
    filled = true;
    try {
      const [profiles, plugins] = await Promise.all([getJson("/v1/profiles"), getJson("/v1/plugins")]);
      chosen.profile = select(USUAL, profiles.map(({ name }) => [name, name]));
      const about = h("small", {}, "");
      const tell = () => (about.textContent = profiles.find(({ name }) => name === chosen.profile.value)?.summary ?? "");
      chosen.profile.addEventListener("change", tell);
      tell();
      box.append(field("Profile", chosen.profile), about);
      for (const [kind, label] of KINDS) {
        chosen[kind] = select("", [["", "as the profile has it"], ...plugins.filter((one) => one.kind === kind && one.error === null).map(named)]);
        box.append(field(label, chosen[kind]));
      }
      box.append(field("More options", more, "a JSON object, as the interface takes it"));
    } catch (error) {
      filled = false;
      showError(error, fill);
    }
  };
  box.addEventListener("toggle", () => box.open && fill());
  if (open) fill();
  const options = () => {
    const picked = Object.entries(chosen).map(([key, { value }]) => [key, value]).filter(([key, value]) => value && !(key === "profile" && value === USUAL));
    return { ...Object.fromEntries(picked), ...(more.value.trim() ? JSON.parse(more.value) : {}) };
  };
  return { element: box, options };
}

/** A plugin as a choice; one that cannot do without options says which. */
function named({ name, options }) {
  const wanted = options.filter(({ required }) => required).map((one) => one.name);
  return [name, wanted.length ? `${name} (needs ${wanted.join(", ")})` : name];
}

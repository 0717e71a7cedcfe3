/** How a video is to be watched: the profile, and plugins in place of its own. */

import { getJson } from "./api.js";
import { field, h, select } from "./dom.js";

const KINDS = [["detector", "Detector"], ["tracker", "Tracker"], ["matcher", "Matcher"]];

/**
 * Make the choice of profile and plugins; filled when it is first opened.
 * @returns {{element: Element, options: () => Object}} `options` as `POST /v1/videos/{video}/index` takes them.
 */
export function setUp({ open = false } = {}) {
  const box = h("details.set-up", { open }, h("summary", {}, "How it is watched"));
  const chosen = {};
  const fill = async () => {
    if (chosen.profile) return;
    chosen.profile = h("select");
    const [profiles, plugins] = await Promise.all([getJson("/v1/profiles"), getJson("/v1/plugins")]);
    chosen.profile.replaceChildren(...select("embedded", profiles.map(({ name }) => [name, name])).children);
    box.append(field("Profile", chosen.profile));
    for (const [kind, label] of KINDS) {
      const names = plugins.filter((one) => one.kind === kind && one.error === null && !one.options.some(({ required }) => required)).map(({ name }) => name);
      chosen[kind] = select("", [["", "as the profile has it"], ...names.map((name) => [name, name])]);
      box.append(field(label, chosen[kind]));
    }
  };
  box.addEventListener("toggle", () => box.open && fill());
  if (open) fill();
  const options = () => Object.fromEntries(Object.entries(chosen).map(([key, { value }]) => [key, value]).filter(([, value]) => value));
  return { element: box, options };
}

/** Pictures on buttons, drawn as lines: fonts do not have them everywhere. */

const SHAPES = {
  play: "M7 4v16l13-8z",
  pause: "M8 4v16M16 4v16",
  back: "M18 5v14l-9-7zM6 5v14",
  forward: "M6 5v14l9-7zM18 5v14",
  loop: "M4 11a7 7 0 0 1 12-4l3 3M19 4v6h-6M20 13a7 7 0 0 1-12 4l-3-3M5 20v-6h6",
  trails: "M3 18c4 0 4-10 8-10s3 6 6 6 3-6 4-8",
  boxes: "M4 4h9v9H4zM11 16v4h9v-9h-4",
  sound: "M4 9v6h4l5 5V4L8 9zM17 9a4 4 0 0 1 0 6",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  wide: "M3 12h18M7 8l-4 4 4 4M17 8l4 4-4 4",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  bin: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  keys: "M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8",
};
const SVG = "http://www.w3.org/2000/svg";

/** Make the picture of a name. */
export function icon(name) {
  const shown = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  shown.setAttribute("viewBox", "0 0 24 24");
  shown.setAttribute("aria-hidden", "true");
  path.setAttribute("d", SHAPES[name]);
  shown.append(path);
  return shown;
}

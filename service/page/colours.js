/** The colour of each question: the same as in annotated videos (service/formats/draw.py), in the same order. */

const COLOURS = ["#ffd60a", "#00d5ff", "#ff4d6d", "#6ee03a", "#b98cff", "#ff9f1c", "#4d8bff", "#ff7be5"];

export function colourOf(number) {
  return COLOURS[number % COLOURS.length];
}

/** Give a colour as the page's own style rules name it, for elements. */
export function paint(element, number) {
  element.style.setProperty("--query", colourOf(number));
  return element;
}

/** The questions, as chips, each in its own colour; and the field in which the next one is written. */

import { Problem } from "./api.js";
import { paint } from "./colours.js";
import { button, h, iconButton, keepingFocus } from "./dom.js";

export class Chips {
  /**
   * @param {Object} told - `add(text)`: a promise that is refused with a Problem; `remove(number)`; `toggle(number)`.
   */
  constructor(told) {
    this.told = told;
    this.list = h("ul.chips", { "aria-label": "Questions" });
    this.input = h("input", {
      type: "text", name: "question", autocomplete: "off", spellcheck: "true", "aria-describedby": "question-error question-hint",
      placeholder: "Ask: a red car turning left", "aria-label": "Ask about this video",
    });
    this.error = h("output.question-error", { id: "question-error", role: "alert" });
    this.suggestions = h("div.suggestions", { role: "group", "aria-label": "Suggestions", hidden: true });
    const form = h("form.ask", { on: { submit: (event) => (event.preventDefault(), this.#ask(this.input.value.trim())) } },
      this.input, h("button.primary", { type: "submit" }, "Ask"));
    const hint = h("small", { id: "question-hint" }, 'Put several together: "red car" and "turning" and not "parked"');
    this.element = h("section.questions", { "aria-label": "Questions" }, form, this.error, hint, this.suggestions, this.list);
    this.input.addEventListener("input", () => this.#showError(null));
  }

  async #ask(text) {
    if (!text) return this.input.focus();
    try {
      this.#showError(null);
      await this.told.add(text);
      if (this.input.value.trim() === text) this.input.value = ""; // else the next question is being written
    } catch (error) {
      this.#showError(error, text);
    }
  }

  /** Show what is wrong with a question, under the column at which it is wrong. */
  #showError(error, text = "") {
    const problem = error instanceof Problem ? error : null;
    this.input.setAttribute("aria-invalid", String(Boolean(problem)));
    this.error.replaceChildren();
    if (!error) return;
    const column = problem?.column ?? null;
    if (column !== null) {
      this.error.append(h("code.pointer", { "aria-hidden": "true" }, `${text}\n${" ".repeat(column - 1)}^`));
      if (this.input.value.trim() === text) this.#point(column); // else another one is being written
    }
    this.error.append(h("p", {}, error.message, problem?.requestId && h("small", {}, ` request ${problem.requestId}`)));
  }

  #point(column) {
    const at = this.input.value.length - this.input.value.trimStart().length + column - 1;
    this.input.focus();
    this.input.setSelectionRange(at, at + 1);
  }

  /**
   * Show the questions.
   * @param {Array<{text: string, count: number|null, off: boolean, waiting: boolean}>} questions - in order.
   */
  show(questions) {
    keepingFocus(this.list, () => this.list.replaceChildren(...questions.map(({ text, count, off, waiting }, number) => {
      const state = waiting ? "…" : count === null ? "" : String(count);
      const toggle = button(text, () => this.told.toggle(number), {
        class: "text", "aria-pressed": String(!off), title: off ? "Show its tracks" : "Hide its tracks",
      });
      const count_ = h("span.count", { "aria-label": waiting ? "not answered yet" : `${state} tracks` }, state);
      const remove = iconButton("close", `Remove the question ${text}`, () => this.told.remove(number));
      return paint(h("li.chip", { class: off ? "off" : "" }, h("span.swatch"), toggle, count_, remove), number);
    })));
  }

  /** Offer questions that the video has an answer to. */
  suggest(texts) {
    this.suggestions.hidden = !texts.length;
    this.suggestions.replaceChildren(h("span", { "aria-hidden": "true" }, "Try"),
      ...texts.map((text) => button(text, () => this.#ask(text), { class: "link" })));
  }

  focus() {
    this.input.focus();
  }
}

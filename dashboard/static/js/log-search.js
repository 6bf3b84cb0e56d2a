/** Finds words in the log's messages, marks them, and goes from one to the next. */

import { el, find, icon } from "./dom.js";
import { number } from "./format.js";
import { say, t } from "./i18n.js";

/** @typedef {import("./log-text.js").LogText} LogText */

export class LogSearch {
  #text;
  #field = /** @type {HTMLInputElement} */ (find("#search"));
  /** @type {HTMLElement[]} */
  #marks = [];
  #at = 0;
  #done = 0; // lines that were searched already for the words in the field

  /** @param {LogText} text */
  constructor(text) {
    this.#text = text;
    this.#field.addEventListener("input", () => this.#startOver());
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      this.#go(event.shiftKey ? -1 : 1);
    });
    for (const [id, shape, step] of /** @type {const} */ ([
      ["#match-previous", "up", -1],
      ["#match-next", "down", 1],
    ])) {
      const button = find(id);
      button.append(icon(shape));
      button.addEventListener("click", () => this.#go(step));
    }
    this.#showPlace();
  }

  /** Search lines that are new, and count only what is shown. */
  refresh() {
    const words = this.#field.value.toLowerCase();
    const unsearched = words ? this.#text.lines.slice(this.#done) : [];
    for (const line of unsearched) mark(find(".message", line), words);
    this.#done = this.#text.lines.length;
    this.#marks = words ? [...this.#text.place.querySelectorAll("mark")].filter(isShown) : [];
    this.#showPlace();
  }

  #startOver() {
    for (const one of this.#text.place.querySelectorAll("mark")) {
      const { parentNode } = one;
      one.replaceWith(...one.childNodes);
      parentNode?.normalize();
    }
    this.#done = 0;
    this.#at = 0;
    this.refresh();
    if (this.#marks.length) this.#go(0);
  }

  /** @param {number} step */
  #go(step) {
    if (!this.#marks.length) return;
    const count = this.#marks.length;
    for (const one of this.#text.place.querySelectorAll("mark.current"))
      one.classList.remove("current");
    this.#at = (this.#at + step + count) % count;
    this.#marks[this.#at].classList.add("current");
    this.#marks[this.#at].scrollIntoView({ block: "center" });
    this.#showPlace();
  }

  #showPlace() {
    const count = this.#marks.length;
    find("#match-tools").hidden = !this.#field.value;
    say(find("#matches"), () => {
      if (!this.#field.value) return "";
      if (!count) return t("log.matches.none");
      return t("log.matches", { at: number(Math.min(this.#at + 1, count)), n: number(count) });
    });
  }
}

/**
 * Put marks around the words in a text.
 * @param {HTMLElement} place
 * @param {string} words in lower case
 */
function mark(place, words) {
  const text = place.textContent ?? "";
  const lower = text.toLowerCase();
  if (lower.length !== text.length || !lower.includes(words)) return;
  const parts = [];
  let from = 0;
  for (let at = lower.indexOf(words); at >= 0; at = lower.indexOf(words, from)) {
    parts.push(text.slice(from, at), el("mark", {}, text.slice(at, at + words.length)));
    from = at + words.length;
  }
  place.replaceChildren(...parts, text.slice(from));
}

/** @param {Element} one */
function isShown(one) {
  return !one.closest(".line[hidden]");
}

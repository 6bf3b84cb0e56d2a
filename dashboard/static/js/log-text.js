/** The lines of a log, in blocks that the browser need not lay out while they are out of sight. */

import { el } from "./dom.js";

const BLOCK = 200;
const LINE = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (DEBUG|INFO|WARNING|ERROR|CRITICAL) +(.*)$/;
const NEAR_END_PX = 24;

/** Levels that are shown for each choice of the filter. @type {Record<string, string[]>} */
const SHOWN = {
  all: ["debug", "info", "warning", "error", "critical"],
  warning: ["warning", "error", "critical"],
  error: ["error", "critical"],
};

export class LogText {
  #rest = ""; // a line that has not ended yet
  #level = "info"; // lines of a traceback have the level of the line above
  #filter = "all";
  /** @type {HTMLElement[]} */
  lines = [];

  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
  }

  get count() {
    return this.lines.length;
  }

  get shown() {
    return this.lines.filter((line) => !line.hidden).length;
  }

  /** @param {string} text */
  add(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#addLine(line);
  }

  /** Show only lines from this level on. @param {string} filter */
  showFrom(filter) {
    this.#filter = filter;
    for (const line of this.lines) line.hidden = !this.#isShown(line);
  }

  scrollToEnd() {
    this.place.scrollTop = this.place.scrollHeight;
  }

  /**
   * Tell whether the reader is at the end whenever they scroll.
   * @param {(isAtEnd: boolean) => void} tell
   */
  onScroll(tell) {
    let before = 0;
    this.place.addEventListener("scroll", () => {
      const { scrollTop, scrollHeight, clientHeight } = this.place;
      const isAtEnd = scrollTop + clientHeight >= scrollHeight - NEAR_END_PX;
      if (isAtEnd || scrollTop < before) tell(isAtEnd);
      before = scrollTop;
    });
  }

  /** @param {string} text */
  #addLine(text) {
    const [, time, level, message] = LINE.exec(text) ?? [];
    if (level) this.#level = level.toLowerCase();
    const line = el(
      "div",
      { class: "line", "data-level": this.#level },
      el("span", { class: "time" }, time ? `${time} ` : ""),
      el("span", { class: "level" }, level ? `${level} ` : ""),
      el("span", { class: "message" }, message ?? text),
    );
    line.hidden = !this.#isShown(line);
    if (this.lines.length % BLOCK === 0) this.place.append(el("div", { class: "block" }));
    this.place.lastElementChild?.append(line);
    this.lines.push(line);
  }

  /** @param {HTMLElement} line */
  #isShown(line) {
    return SHOWN[this.#filter].includes(line.dataset.level ?? "");
  }
}

/** The tabs above the images: the chosen, each reason that occurs, and all, with their counts. */

import { el, find } from "./dom.js";
import { number } from "./format.js";
import { say } from "./i18n.js";
import { inOrder, verdictName } from "./reasons.js";
import { stageOf } from "./vocabulary.js";

export class VerdictTabs {
  #choose;
  #list = find("#verdicts");
  /** @type {Map<string, HTMLButtonElement>} */
  #tabs = new Map();
  #open = "chosen";

  /** @param {(verdict: string) => void} choose */
  constructor(choose) {
    this.#choose = choose;
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {Record<string, number>} counts @param {string} open */
  show(counts, open) {
    this.#open = open;
    const reasons = inOrder(
      Object.keys(counts).filter((name) => name !== "chosen" && counts[name]),
    );
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const names = ["chosen", ...reasons, "all"];
    if (names.join() !== [...this.#tabs.keys()].join()) this.#make(names);
    for (const [name, tab] of this.#tabs) {
      const isOpen = name === open;
      tab.setAttribute("aria-selected", String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      const count = name === "all" ? total : (counts[name] ?? 0);
      say(find(".count", tab), () => number(count));
      if (isOpen) {
        find("#images").setAttribute("aria-labelledby", tab.id);
        this.#reveal(tab);
      }
    }
    if (!this.#tabs.has(open)) this.#list.querySelector("button")?.setAttribute("tabindex", "0");
  }

  /** Scroll the tabs, and not the page, to a tab. @param {HTMLElement} tab */
  #reveal(tab) {
    const { scrollLeft, clientWidth } = this.#list;
    const left = tab.offsetLeft - this.#list.offsetLeft;
    if (left < scrollLeft) this.#list.scrollLeft = left;
    else if (left + tab.offsetWidth > scrollLeft + clientWidth)
      this.#list.scrollLeft = left + tab.offsetWidth - clientWidth;
  }

  focus() {
    this.#tabs.get(this.#open)?.focus();
  }

  /** @param {string[]} names */
  #make(names) {
    this.#tabs = new Map(names.map((name) => [name, this.#tab(name)]));
    this.#list.replaceChildren(...this.#tabs.values());
  }

  /** @param {string} name */
  #tab(name) {
    const tab = el(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": "images",
        "data-verdict": name,
        "data-stage": name === "all" ? null : stageOf(name),
      },
      el("span", {}, () => verdictName(name)),
      el("span", { class: "count" }),
    );
    tab.addEventListener("click", () => this.#choose(name));
    return tab;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const names = [...this.#tabs.keys()];
    const at = names.findIndex((name) => this.#tabs.get(name) === document.activeElement);
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: names.length - 1 };
    if (at < 0 || !(event.key in moves)) return;
    event.preventDefault();
    const name = names[(moves[event.key] + names.length) % names.length];
    this.#tabs.get(name)?.focus();
    this.#choose(name);
  }
}

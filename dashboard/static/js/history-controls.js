/** What the history is narrowed, sorted and turned over with. */

import { el, find } from "./dom.js";
import { number } from "./format.js";
import { SIZES, WHOLE } from "./history-view.js";
import { say, t } from "./i18n.js";
import { askToClear } from "./job-actions.js";
import { MAX_QUERY_LENGTH, SORTS, STATUSES } from "./vocabulary.js";

/** @typedef {import("./history-view.js").View} View */

const TYPING_PAUSE_MS = 250;

export class HistoryControls {
  #look;
  #page;
  #query = /** @type {HTMLInputElement} */ (find("#jobs-query"));
  #status = select("#jobs-status", ["", ...STATUSES], (one) =>
    t(one ? `status.${one}` : "jobs.status.all"),
  );
  #sort = select("#jobs-sort", SORTS, (one) => t(`jobs.sort.${one}`));
  #size = select("#jobs-size", SIZES.map(String), (one) => t("jobs.per_page.n", { n: one }));
  #typing = 0;

  /** @param {View} view @param {(change: Partial<View>) => void} look */
  constructor(view, look) {
    this.#look = look;
    this.#page = view.page;
    this.#query.maxLength = MAX_QUERY_LENGTH;
    this.#query.addEventListener("input", () => this.#typed());
    this.#status.addEventListener("change", () => look({ status: this.#status.value }));
    this.#sort.addEventListener("change", () => look({ sort: this.#sort.value }));
    this.#size.addEventListener("change", () => look({ per_page: Number(this.#size.value) }));
    find("#jobs-unfilter").addEventListener("click", () => {
      look({ status: "", query: "" });
      this.show({ ...WHOLE, sort: this.#sort.value, per_page: Number(this.#size.value) });
      this.#query.focus();
    });
    find("#clear").addEventListener("click", async () => (await askToClear()) && look({}));
    find("#page-previous").addEventListener("click", () => this.#turn(-1));
    find("#page-next").addEventListener("click", () => this.#turn(1));
    this.show(view);
  }

  /**
   * Go to the next page or the one before, counted from the one asked for last.
   * @param {number} by
   */
  #turn(by) {
    this.#page += by;
    this.#look({ page: this.#page });
  }

  /** @param {View} view */
  show(view) {
    this.#page = view.page;
    this.#query.value = view.query;
    this.#status.value = view.status;
    this.#sort.value = view.sort;
    this.#size.value = String(view.per_page);
  }

  /** @param {View} view @param {number} total */
  showPages({ page, per_page }, total) {
    this.#page = page;
    const pages = Math.max(1, Math.ceil(total / per_page));
    find("#pages").hidden = pages === 1;
    turn("#page-previous", page > 1);
    turn("#page-next", page < pages);
    say(find("#page-now"), () => t("jobs.page", { page: number(page), pages: number(pages) }));
  }

  #typed() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(
      () => this.#look({ query: this.#query.value.trim() }),
      TYPING_PAUSE_MS,
    );
  }
}

/** @param {string} selector @param {string[]} values @param {(value: string) => string} name */
function select(selector, values, name) {
  const element = /** @type {HTMLSelectElement} */ (find(selector));
  element.append(...values.map((value) => el("option", { value }, () => name(value))));
  return element;
}

/**
 * A button that leads nowhere hands the focus on.
 * @param {string} selector
 * @param {boolean} leads
 */
function turn(selector, leads) {
  const button = /** @type {HTMLButtonElement} */ (find(selector));
  if (!leads && button === document.activeElement) find("#history-title").focus();
  button.disabled = !leads;
}

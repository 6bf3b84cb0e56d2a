/** A job's decisions of one verdict, fetched by pages as they are looked at, and kept. */

import { get, jobPath } from "./api.js";

/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {import("./types.js").DecisionPage} DecisionPage */

const SIZE = 200;

export class DecisionPages {
  #jobId;
  /** @type {Map<number, Promise<Decision[]>>} */
  #pages = new Map();
  /** @type {Map<number, Decision>} */
  #known = new Map();
  #choice = 0;
  total = 0;
  /** @type {Record<string, number>} */
  counts = {};

  /** @param {string} jobId @param {string} verdict */
  constructor(jobId, verdict) {
    this.#jobId = jobId;
    this.verdict = verdict;
  }

  /**
   * Turn to a verdict: its total and the counts of all are known afterwards.
   * @param {string} verdict
   * @returns {Promise<boolean>} false if another was chosen meanwhile
   */
  async choose(verdict) {
    const choice = ++this.#choice;
    this.verdict = verdict;
    const first = await this.#fetch(0);
    if (choice !== this.#choice) return false;
    this.total = first.total;
    this.counts = first.counts;
    this.#known = new Map();
    this.#pages = new Map([[0, Promise.resolve(keep(first, this.#known))]]);
    return true;
  }

  /** The decision at a place, if it was fetched already. @param {number} at */
  known(at) {
    return this.#known.get(at);
  }

  /** The decision at a place. @param {number} at @returns {Promise<Decision | undefined>} */
  async at(at) {
    const page = Math.floor(at / SIZE);
    let rows = this.#pages.get(page);
    if (!rows) {
      const [pages, known] = [this.#pages, this.#known]; // of the verdict that is open now
      rows = this.#fetch(page).then((answer) => keep(answer, known));
      rows.catch(() => pages.delete(page)); // so that the next look tries again
      pages.set(page, rows);
    }
    return (await rows)[at % SIZE];
  }

  /** @param {number} page @returns {Promise<DecisionPage>} */
  #fetch(page) {
    const query = { verdict: this.verdict, offset: page * SIZE, limit: SIZE };
    return get(jobPath(this.#jobId, "/decisions"), query);
  }
}

/** @param {DecisionPage} answer @param {Map<number, Decision>} known by their place */
function keep({ offset, decisions }, known) {
  for (const [index, decision] of decisions.entries()) known.set(offset + index, decision);
  return decisions;
}

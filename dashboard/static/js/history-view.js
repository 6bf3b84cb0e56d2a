/** Which part of the history is shown: kept in the page's address, so that it can be shared. */

/**
 * @typedef {Object} View
 * @property {number} page
 * @property {number} per_page
 * @property {string} status
 * @property {string} query
 * @property {string} sort
 */

import { SORTS } from "./vocabulary.js";

export const SIZES = [10, 50];

/** @type {View} */
export const WHOLE = { page: 1, per_page: 10, status: "", query: "", sort: "newest" };

/** @returns {View} */
export function readView() {
  const given = new URLSearchParams(location.search);
  const size = Number(given.get("per_page"));
  const sort = given.get("sort") ?? "";
  return {
    page: Math.max(1, Math.floor(Number(given.get("page"))) || 1),
    per_page: SIZES.includes(size) ? size : WHOLE.per_page,
    status: given.get("status") ?? "",
    query: given.get("query") ?? "",
    sort: SORTS.find((one) => one === sort) ?? WHOLE.sort,
  };
}

/**
 * Write the view into the address; a new page of it can be gone back from.
 * @param {View} view
 * @param {boolean} isStep
 */
export function writeView(view, isStep) {
  const entries = Object.entries(view).filter(
    ([name, value]) => value !== WHOLE[/** @type {keyof View} */ (name)],
  );
  const search = new URLSearchParams(entries.map(([name, value]) => [name, String(value)]));
  const address = entries.length ? `?${search}` : location.pathname;
  history[isStep ? "pushState" : "replaceState"](null, "", address);
}

/** Whether anything is left out. @param {View} view */
export function isFiltered(view) {
  return Boolean(view.status || view.query);
}

/** A job's state as a small mark: its word, and a shape and colour beside it. */

import { el } from "./dom.js";
import { say, t } from "./i18n.js";

/** @typedef {import("./types.js").Status} Status */

export function badge() {
  return el("span", { class: "badge" });
}

/** @param {HTMLElement} mark @param {Status} status */
export function showStatus(mark, status) {
  mark.dataset.status = status;
  say(mark, () => t(`status.${status}`));
}

/** What became of a job's candidates in one bar: the chosen, then those out at each stage. */

import { el } from "./dom.js";
import { number } from "./format.js";
import { t } from "./i18n.js";
import { STAGES, stageOf } from "./vocabulary.js";

/** @typedef {import("./waterfall.js").Waterfall} Waterfall */

/** @param {HTMLElement} place @param {Waterfall} waterfall */
export function drawYield(place, waterfall) {
  const { found, chosen, reasons } = waterfall;
  const places = () => ({ found: number(found), chosen: number(chosen) });
  const bar = el(
    "div",
    { class: "yield-bar", "aria-hidden": "true" },
    part("chosen", chosen, found),
  );
  for (const { stage } of STAGES) bar.append(part(stage, outAt(stage, reasons), found));
  place.replaceChildren(
    bar,
    el("p", {}, () => t("waterfall.summary", places())),
  );
}

/** @param {string} stage @param {Record<string, number>} reasons */
function outAt(stage, reasons) {
  const counts = Object.entries(reasons).map(([name, n]) => (stageOf(name) === stage ? n : 0));
  return counts.reduce((sum, n) => sum + n, 0);
}

/** @param {string} kind @param {number} count @param {number} found */
function part(kind, count, found) {
  const element = el("span", { "data-stage": kind, hidden: !count });
  element.style.setProperty("--share", String(found ? count / found : 0));
  return element;
}

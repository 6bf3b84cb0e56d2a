/** How many candidates were left after each stage, and for which reasons the others fell out. */

import { el } from "./dom.js";
import { number } from "./format.js";
import { t } from "./i18n.js";
import { inOrder, verdictName } from "./reasons.js";
import { STAGES, stageOf } from "./vocabulary.js";

/** @typedef {import("./types.js").Waterfall} Waterfall */
/** @typedef {import("./types.js").StageReasons["step"]} Step */

/** The counts, each with the stage after which it is taken. @type {[Step, string | null][]} */
const STEPS = [
  ["found", null],
  ...STAGES.map(({ step, stage }) => /** @type {[Step, string]} */ ([step, stage])),
];

/**
 * @param {HTMLElement} place
 * @param {Waterfall | null} waterfall
 * @param {(verdict: string) => void} jumpTo
 */
export function drawWaterfall(place, waterfall, jumpTo) {
  place.replaceChildren();
  if (!waterfall) return;
  const rows = STEPS.map(([name, stage]) => row(name, stage, waterfall, jumpTo));
  place.append(el("ol", { class: "waterfall" }, ...rows));
}

/**
 * @param {Step} name
 * @param {string | null} stage
 * @param {Waterfall} waterfall
 * @param {(verdict: string) => void} jumpTo
 */
function row(name, stage, waterfall, jumpTo) {
  const count = waterfall[name];
  const reasons = inOrder(Object.keys(waterfall.reasons)).filter(
    (reason) => stageOf(reason) === stage,
  );
  const out = reasons.reduce((sum, reason) => sum + waterfall.reasons[reason], 0);
  const bar = el(
    "div",
    { class: "step-bar", "aria-hidden": "true" },
    el("span", { class: "left" }),
  );
  bar.style.setProperty("--left", String(waterfall.found ? count / waterfall.found : 0));
  bar.style.setProperty("--out", String(waterfall.found ? out / waterfall.found : 0));
  if (out) bar.append(el("span", { class: "out", "data-stage": stage }));
  return el(
    "li",
    { "data-step": name },
    el("span", { class: "step-name" }, () => t(`waterfall.${name}`)),
    el("strong", { class: "step-count" }, () => number(count)),
    bar,
    el(
      "ul",
      { class: "step-reasons" },
      ...reasons.map((reason) => chip(reason, waterfall.reasons[reason], jumpTo)),
    ),
  );
}

/** @param {string} reason @param {number} count @param {(verdict: string) => void} jumpTo */
function chip(reason, count, jumpTo) {
  const button = el(
    "button",
    { type: "button", class: "chip", "data-stage": stageOf(reason) },
    el("span", {}, () => verdictName(reason)),
    el("span", { class: "count" }, () => `−${number(count)}`),
  );
  button.addEventListener("click", () => jumpTo(reason));
  return el("li", {}, button);
}

/** All that is known of one candidate, as rows of a list of facts. */

import { el } from "./dom.js";
import { number } from "./format.js";
import { has, t } from "./i18n.js";
import { notes } from "./notes.js";
import { verdictMeaning, verdictName } from "./reasons.js";
import { MEASURES, stageOf } from "./vocabulary.js";

/** @typedef {import("./types.js").Decision} Decision */

/** @param {Decision} decision */
export function factsOf(decision) {
  const verdict = decision.reason ?? "chosen";
  const { width, height, score, group, distance, neighbours } = decision;
  const mark = el("span", { class: "verdict", "data-stage": stageOf(decision.reason) }, () =>
    verdictName(verdict),
  );
  const places = () => ({ width: number(width), height: number(height) });
  return [
    fact(
      "verdict",
      el(
        "span",
        {},
        mark,
        el("span", { class: "why" }, () => verdictMeaning(verdict)),
      ),
    ),
    fact("detail", notes(decision.notes)),
    fact("score", amount(score, 4)),
    fact("size", width ? el("span", {}, () => t("fact.pixels", places())) : null),
    ...MEASURES.map(({ name }) => row(`measure.${name}`, amount(decision[name], 1))),
    fact(
      "rank",
      el("span", {}, () => number(decision.rank)),
    ),
    fact("title", text(decision.title)),
    fact("source", text(decision.source)),
    fact("rendition", named("rendition", decision.rendition)),
    fact("format", text(decision.source_format)),
    fact("group", amount(group, 0)),
    fact("distance", amount(distance, 4)),
    fact("neighbours", amount(neighbours, 0)),
    fact("by_hand", named("by_hand", decision.by_hand)),
    fact("copy_of", code(decision.copy_of)),
    fact("file", code(decision.file)),
    fact("phash", code(decision.phash)),
    fact("sha256", code(decision.sha256)),
    fact("attempts", attempts(decision)),
  ].filter((one) => one !== null);
}

/** @param {string} name @param {Node | null} value */
function fact(name, value) {
  return row(`fact.${name}`, value);
}

/** A row, only where there is a value. @param {string} key @param {Node | null} value */
function row(key, value) {
  return (
    value &&
    el(
      "div",
      {},
      el("dt", {}, () => t(key)),
      el("dd", {}, value),
    )
  );
}

/** @param {number | null | undefined} value @param {number} digits */
function amount(value, digits) {
  return typeof value === "number" ? el("span", {}, () => number(value, digits)) : null;
}

/** @param {string | null | undefined} value */
function text(value) {
  return value ? document.createTextNode(value) : null;
}

/** @param {string | null | undefined} value */
function code(value) {
  return value ? el("code", {}, value) : null;
}

/** @param {string} kind @param {string | null | undefined} value */
function named(kind, value) {
  const key = `${kind}.${value}`;
  return value ? el("span", {}, () => (has(key) ? t(key) : value)) : null;
}

/** @param {Decision["attempts"][number]} attempt */
function outcomeOf({ outcome, note }) {
  return el(
    "span",
    { class: "outcome" },
    el("span", {}, () => (outcome === "ok" ? t("outcome.ok") : verdictName(outcome))),
    note ? notes([note]) : null,
  );
}

/** @param {Decision} decision */
function attempts({ attempts: tried }) {
  if (!tried?.length) return null;
  const rows = tried.map((one) => el("li", {}, outcomeOf(one), el("code", {}, one.url)));
  return el("ul", { class: "attempts" }, ...rows);
}

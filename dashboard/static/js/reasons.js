/** The names and meanings of verdicts: chosen, all, or a reason. */

import { has, t } from "./i18n.js";
import { REASONS } from "./vocabulary.js";

/**
 * The name of a verdict: chosen, all, or a reason. A reason unknown here has its own name.
 * @param {string} verdict
 */
export function verdictName(verdict) {
  return [`verdict.${verdict}`, `reason.${verdict}`].filter(has).map((key) => t(key))[0] ?? verdict;
}

/** One sentence on a verdict, empty for an unknown one. @param {string} verdict */
export function verdictMeaning(verdict) {
  const keys = [`verdict.${verdict}.why`, `reason.${verdict}.why`];
  return keys.filter(has).map((key) => t(key))[0] ?? "";
}

/** Known reasons in the order of the stages, then any others. @param {string[]} reasons */
export function inOrder(reasons) {
  const unknown = reasons.filter((reason) => !REASONS.includes(reason));
  return [...REASONS.filter((reason) => reasons.includes(reason)), ...unknown];
}

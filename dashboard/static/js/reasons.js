/** Why candidates fall out, as in tasks/records.py: the reasons of each stage, in their order. */

import { has, t } from "./i18n.js";

/** @type {Record<string, string[]>} */
const REASONS_OF = {
  fetch: [
    "bad_address",
    "forbidden_address",
    "forbidden_port",
    "host_failing",
    "unreachable",
    "timed_out",
    "http_error",
    "too_many_redirects",
    "opted_out",
    "broken_off",
    "too_many_bytes",
    "unpacks_too_large",
    "not_an_image",
    "unsupported_format",
  ],
  quality: ["undecodable", "too_many_pixels", "too_small", "blurred", "no_vector"],
  duplicates: ["exact_copy", "near_copy"],
  subject: ["other_cluster", "noise", "no_subject", "dropped_by_hand"],
  limit: ["over_limit"],
};

export const STAGES = Object.keys(REASONS_OF);
export const REASONS = Object.values(REASONS_OF).flat();

/** The stage of a reason; "chosen" for no reason. @param {string | null} reason */
export function stageOf(reason) {
  return STAGES.find((stage) => REASONS_OF[stage].includes(reason ?? "")) ?? "chosen";
}

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

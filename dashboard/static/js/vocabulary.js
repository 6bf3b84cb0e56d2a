/**
 * The codes that the page shares with the server, each in its order: statuses, stages, reasons,
 * measures. They come from the API, so that the page names none of its own.
 */

import { fetched } from "./i18n.js";

/** @typedef {import("./types.js").Vocabulary} Vocabulary */
/** @typedef {import("./types.js").Status} Status */

/** @type {Vocabulary} */
const vocabulary = await fetched("/api/vocabulary");

export const STATUSES = vocabulary.statuses;
export const PROGRESS_STAGES = vocabulary.progress;
export const MEASURES = vocabulary.measures;
export const SORTS = vocabulary.sorts;
export const STAGES = vocabulary.stages;
export const THUMBNAIL_SIZES = vocabulary.thumbnail_sizes;
export const MAX_QUERY_LENGTH = vocabulary.max_query_length;
export const REASONS = vocabulary.stages.flatMap(({ reasons }) => reasons);

/** The stage of a reason; "chosen" for no reason. @param {string | null} reason */
export function stageOf(reason) {
  const found = vocabulary.stages.find(({ reasons }) => reasons.includes(reason ?? ""));
  return found?.stage ?? "chosen";
}

/** Whether a job is over. @param {Status} status */
export function isEnded(status) {
  return vocabulary.ended.includes(status);
}

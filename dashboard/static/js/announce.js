/**
 * Says what happened: to everybody in a note at the edge of the page, and by it to screen readers,
 * politely. Only changes of state are worth it, never progress.
 */

import { el, find } from "./dom.js";

const SHOWN_MS = 8000;

/** @param {string} sentence @param {"good" | "bad" | "plain"} [kind] */
export function announce(sentence, kind = "plain") {
  const note = el("p", { class: `note ${kind}` }, sentence);
  find("#notes").append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}

/** Say an error that a call ended with. @param {unknown} error */
export function announceError(error) {
  announce(error instanceof Error ? error.message : String(error), "bad");
}

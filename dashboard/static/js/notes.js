/** What the program noted of a candidate: messages of the API, said in the page's language. */

import { el } from "./dom.js";
import { tell } from "./i18n.js";

/** @typedef {import("./i18n.js").Message} Message */

/** An element that says messages, or null where there are none. @param {Message[]} messages */
export function notes(messages) {
  if (!messages.length) return null;
  return el("span", {}, () => messages.map(tell).join("; "));
}

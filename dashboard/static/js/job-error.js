/**
 * Why a job ended without a dataset, in the page's language. A sentence that an earlier version
 * stored is shown as it is.
 */

import { el } from "./dom.js";
import { say, tell } from "./i18n.js";

export class JobError {
  #sentence = el("p");

  /** @param {HTMLElement} place */
  constructor(place) {
    place.append(this.#sentence);
  }

  /** @param {import("./types.js").Job} job */
  show({ error, error_message: message }) {
    if (message) this.#sentence.removeAttribute("lang");
    else this.#sentence.lang = ""; // whatever language it was written in
    say(this.#sentence, () => (message ? tell(message) : (error ?? "")));
  }
}

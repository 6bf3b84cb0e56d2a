/** What a waiting run asks: which of its groups of images is the subject. */

import { announce, announceError } from "./announce.js";
import { jobPath, post } from "./api.js";
import { el, find } from "./dom.js";
import { dateTime, number } from "./format.js";
import { say, t } from "./i18n.js";

/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./types.js").Group} Group */

const NONE = 0; // the answer that no group is the subject

export class QuestionPanel {
  #shown = "";

  /** @param {Job} job */
  show(job) {
    const question = job.status === "waiting" ? (job.question ?? null) : null;
    const key = JSON.stringify(question);
    if (key === this.#shown) return; // a button that was pressed or has the focus stays
    this.#shown = key;
    find("#question").hidden = !question;
    if (!question) return;
    const { groups, until } = question;
    say(find("#question-text"), () =>
      t("question.text", { n: groups.length, query: job.query, until: dateTime(until) }),
    );
    find("#groups").replaceChildren(...groups.map((group) => this.#group(job, group)));
    const none = el("button", { type: "button" }, () => t("question.none", { n: groups.length }));
    none.addEventListener("click", () => this.#answer(job, NONE));
    find("#groups").append(el("li", { class: "group" }, none));
  }

  /** @param {Job} job @param {Group} group */
  #group(job, { number: which, size, images }) {
    const title = () => t("question.group", { which, n: number(size) });
    const button = el("button", { type: "button", class: "primary", "data-group": which }, () =>
      t("question.choose", { which }),
    );
    button.addEventListener("click", () => this.#answer(job, which));
    const shown = images.map((name) =>
      el("img", { src: jobPath(job.id, `/question/${name}`), alt: "", loading: "lazy" }),
    );
    return el(
      "li",
      { class: "group" },
      el("h3", {}, title),
      el("div", { class: "group-images", role: "img", "aria-label": title }, ...shown),
      button,
    );
  }

  /** @param {Job} job @param {number} which */
  async #answer(job, which) {
    /** @type {NodeListOf<HTMLButtonElement>} */
    const buttons = document.querySelectorAll("#groups button");
    for (const button of buttons) button.disabled = true;
    try {
      await post(jobPath(job.id, "/answer"), { group: which });
      announce(t(which === NONE ? "question.refused" : "question.answered", { which }), "good");
    } catch (error) {
      announceError(error);
      for (const button of buttons) button.disabled = false;
    }
  }
}

/** How far each stage of a job is. The search has no end to measure against, only what it found. */

import { el } from "./dom.js";
import { number } from "./format.js";
import { say, t } from "./i18n.js";
import { PROGRESS_STAGES } from "./vocabulary.js";

/** @typedef {import("./types.js").Job["progress"]} Progress */
/** @typedef {import("./types.js").Counts} Counts */

export class StageMeters {
  constructor() {
    this.meters = PROGRESS_STAGES.map((stage) => new Meter(stage));
    this.element = el("ul", { class: "stages" }, ...this.meters.map((meter) => meter.element));
  }

  /** @param {Progress} progress @param {string} query */
  update(progress, query) {
    say(this.element, () => t("progress.label", { query }), "aria-label");
    const isSaving = Boolean(progress?.save?.expected);
    for (const meter of this.meters) meter.update(progress?.[meter.stage], isSaving);
  }
}

class Meter {
  /** @param {string} stage */
  constructor(stage) {
    this.stage = stage;
    this.bar = el("progress", { max: 1, "aria-label": () => t(`stage.${stage}`) });
    this.numbers = el("span", { class: "numbers" });
    const name = el("span", { class: "name" }, () => t(`stage.${stage}`));
    this.element = el("li", { "data-progress": stage }, name, this.numbers, this.bar);
  }

  /** @param {Counts | undefined} counts @param {boolean} isSaving */
  update(counts, isSaving) {
    const done = counts?.done ?? 0;
    const expected = counts?.expected ?? 0;
    if (this.stage === "search") this.#showSearch(done, isSaving);
    else this.#showShare(done, expected);
  }

  /** @param {number} done @param {boolean} isOver */
  #showSearch(done, isOver) {
    if (isOver) this.bar.value = 1;
    else this.bar.removeAttribute("value"); // shown as busy
    say(this.numbers, () =>
      done ? t("progress.found", { done: number(done) }) : t("progress.starting"),
    );
  }

  /** @param {number} done @param {number} expected */
  #showShare(done, expected) {
    this.bar.value = expected ? Math.min(1, done / expected) : 0;
    const places = () => ({ done: number(done), expected: number(expected) });
    say(this.numbers, () =>
      expected ? t("progress.of", places()) : t(done ? "progress.done" : "progress.none", places()),
    );
  }
}

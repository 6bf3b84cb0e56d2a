/**
 * One job of the history. It is built once and then kept true, so that focus and clicks survive.
 */

import { pageOf } from "./addresses.js";
import { actionsOf } from "./job-actions.js";
import { el, icon, webAddress } from "./dom.js";
import { dateTime, duration, number } from "./format.js";
import { say, t } from "./i18n.js";
import { JobError } from "./job-error.js";
import { StageMeters } from "./stage-meters.js";
import { badge, showStatus } from "./status.js";
import { drawYield } from "./yield-bar.js";

/** @typedef {import("./types.js").Job} Job */

export class JobRow {
  #id;
  #receivedAt = performance.now();
  #badge = badge();
  #place = el("span", { class: "place" });
  #title;
  #error = el("div", { class: "job-error" });
  #cause = new JobError(this.#error);
  #started = el("span");
  #elapsed = el("span", { class: "elapsed", role: "timer" });
  #times = [fact("job.started", this.#started), fact("job.elapsed", this.#elapsed)];
  #folder = el("code");
  #meters = new StageMeters();
  #yield = el("div", { class: "yield" });
  #count = el("strong");
  #limit = el("span");
  #countText = el("span", { class: "sr-only" });
  #images;
  #log;
  #prefect = link("out", "job.prefect", "");
  #actions = actionsOf(() => this.job);

  /** @param {Job} job */
  constructor(job) {
    this.#id = job.id;
    this.job = job;
    this.#title = el("a", { href: pageOf("job", job.id) });
    this.#images = link("images", "job.images", pageOf("job", job.id));
    this.#log = link("log", "job.log", pageOf("log", job.id));
    this.element = this.#build();
    this.update(job);
  }

  #build() {
    const titleId = `job-${this.#id}`;
    this.#title.id = titleId;
    return el(
      "li",
      { class: "job", "data-job": this.#id, "aria-labelledby": titleId },
      el("div", { class: "job-head" }, el("h3", {}, this.#title), this.#badge, this.#place),
      el("dl", { class: "job-facts" }, ...this.#times),
      el("div", { class: "job-progress" }, this.#meters.element, this.#yield, this.#error),
      el(
        "p",
        { class: "job-count" },
        el("span", { "aria-hidden": "true" }, this.#count, this.#limit),
        this.#countText,
      ),
      el(
        "div",
        { class: "job-foot" },
        el(
          "p",
          { class: "job-folder" },
          icon("folder"),
          el("span", { class: "sr-only" }, () => t("job.folder")),
          this.#folder,
        ),
        el(
          "div",
          { class: "job-links" },
          this.#images,
          this.#log,
          this.#prefect,
          ...this.#actions.map((action) => action.button),
        ),
      ),
    );
  }

  /** @param {Job} job */
  update(job) {
    this.job = job;
    this.#receivedAt = performance.now();
    this.element.dataset.status = job.status;
    say(this.#title, () => job.query || t("job.untitled"));
    showStatus(this.#badge, job.status);
    say(this.#place, () => placeText(job));
    say(this.#started, () => dateTime(job.started_at));
    for (const time of this.#times) time.hidden = !job.started_at;
    this.#folder.textContent = job.out_dir ?? "";
    this.#folder.title = job.out_dir ?? ""; // where there is no room for all of it
    this.#cause.show(job);
    this.#showCount(job);
    this.#showProgress(job);
    this.#showLinks(job);
    this.tick();
  }

  /** Bring the elapsed time up to now. */
  tick() {
    const { elapsed_s, status } = this.job;
    const since = status === "running" ? (performance.now() - this.#receivedAt) / 1000 : 0;
    say(this.#elapsed, () => duration(elapsed_s === null ? null : elapsed_s + since));
  }

  /** @param {Job} job */
  #showCount({ count, limit }) {
    const places = () => ({ limit: number(limit) });
    say(this.#count, () => (count === null ? "" : number(count)));
    say(this.#limit, () => (count === null ? t("job.wanted", places()) : ` / ${number(limit)}`));
    say(this.#countText, () =>
      t("job.count.label", { count: number(count ?? 0), limit: number(limit) }),
    );
  }

  /** @param {Job} job */
  #showProgress(job) {
    const isUnderWay = job.status === "running";
    this.#meters.element.hidden = !isUnderWay;
    if (isUnderWay) this.#meters.update(job.progress, job.query);
    this.#yield.hidden = isUnderWay || !job.waterfall?.found;
    if (!this.#yield.hidden && job.waterfall) drawYield(this.#yield, job.waterfall);
    this.#error.hidden = !job.error || isUnderWay;
  }

  /** @param {Job} job */
  #showLinks(job) {
    const prefect = webAddress(job.prefect_url);
    this.#prefect.hidden = !prefect;
    if (prefect) this.#prefect.href = prefect;
    for (const action of this.#actions) {
      const isOffered = action.isOffered(job);
      if (!isOffered && action.button === document.activeElement) this.#title.focus();
      action.button.hidden = !isOffered;
    }
    for (const one of [this.#images, this.#log, this.#prefect]) nameFor(one, job);
  }
}

/** @param {string} key @param {HTMLElement} value */
function fact(key, value) {
  return el(
    "div",
    {},
    el("dt", {}, () => t(key)),
    el("dd", {}, value),
  );
}

/** @param {string} shape @param {string} key @param {string} href */
function link(shape, key, href) {
  const outside = shape === "out" ? { target: "_blank", rel: "noreferrer noopener" } : {};
  return el(
    "a",
    { class: "button quiet", href, "data-key": key, ...outside },
    icon(shape),
    el("span", {}, () => t(key)),
  );
}

/** Links of the same words are told apart by the query. @param {Element} one @param {Job} job */
function nameFor(one, job) {
  const key = one.getAttribute("data-key") ?? "";
  say(one, () => t("job.for", { action: t(key), query: job.query }), "aria-label");
}

/** @param {Job} job */
function placeText({ status, position, scheduled_for }) {
  if (status !== "scheduled") return "";
  if (position) return t("job.queued", { n: position });
  const isLater = scheduled_for && new Date(scheduled_for) > new Date();
  return isLater ? t("job.scheduled_for", { when: dateTime(scheduled_for) }) : "";
}

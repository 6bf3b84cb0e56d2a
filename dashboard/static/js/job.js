/** The page of one job: what stayed and what fell out, with every image and its verdict. */

import { pageOf } from "./addresses.js";
import { announce, announceError } from "./announce.js";
import { get, jobPath } from "./api.js";
import { DecisionPages } from "./decision-pages.js";
import { el, find, icon } from "./dom.js";
import { connect } from "./events.js";
import { duration, number } from "./format.js";
import { say, t } from "./i18n.js";
import { JobError } from "./job-error.js";
import { ImageGrid } from "./image-grid.js";
import { ImageView } from "./image-view.js";
import { QuestionPanel } from "./question.js";
import { verdictMeaning, verdictName } from "./reasons.js";
import { startShell } from "./shell.js";
import { badge, showStatus } from "./status.js";
import { VerdictTabs } from "./verdict-tabs.js";
import { isEnded, REASONS } from "./vocabulary.js";
import { drawWaterfall } from "./waterfall.js";

/** @typedef {import("./types.js").Job} Job */

class JobPage {
  #id;
  #pages;
  #view;
  #grid;
  #question = new QuestionPanel();
  #tabs = new VerdictTabs((chosen) => this.#open(chosen));
  #state = { badge: badge(), text: el("span") };
  #error = new JobError(find("#job-error"));
  /** @type {Job | null} */
  #job = null;

  /** @param {string} id @param {string} verdict the tab to open with */
  constructor(id, verdict) {
    this.#id = id;
    this.#pages = new DecisionPages(id, verdict);
    this.#view = new ImageView(this.#pages, (at) => this.#grid.focus(at));
    this.#grid = new ImageGrid(this.#pages, (at) => this.#view.open(at));
    find("#state").append(this.#state.badge, this.#state.text);
    this.#addTools();
  }

  async reload() {
    try {
      this.onJob(await get(jobPath(this.#id)));
      find("#job-problem").textContent = "";
    } catch (error) {
      find("#job-problem").textContent = /** @type {Error} */ (error).message;
    }
  }

  /** The job has changed. @param {Job} job */
  onJob(job) {
    if (job.id !== this.#id) return;
    const before = this.#job;
    this.#job = job;
    document.title = `${job.query} · CV-Dataset-Builder`;
    say(find("#title"), () => job.query || t("job.untitled"));
    showStatus(this.#state.badge, job.status);
    say(this.#state.text, () => stateText(job));
    find("#archive").hidden = !job.count;
    find("#report").hidden = !job.count || !job.request; // the earlier program wrote none
    if (!before || JSON.stringify(before.waterfall) !== JSON.stringify(job.waterfall)) {
      drawWaterfall(find("#waterfall"), job.waterfall, (verdict) => this.#jumpTo(verdict));
    }
    find("#waterfall-nothing").hidden = Boolean(job.waterfall);
    say(find("#waterfall-nothing"), () =>
      t(isEnded(job.status) ? "waterfall.never" : "waterfall.early"),
    );
    this.#error.show(job);
    this.#question.show(job);
    const { outcome, by_hand } = job.choice ?? {};
    find("#choice").hidden = outcome !== "ambiguous" || Boolean(by_hand) || job.status !== "done";
    if (before?.status === job.status && before.finished_at === job.finished_at) return;
    if (before) announce(t("jobs.now", { query: job.query, status: t(`status.${job.status}`) }));
    if (!before || isEnded(job.status)) this.#open(this.#pages.verdict);
  }

  /** Show the images of a verdict. @param {string} verdict */
  async #open(verdict) {
    try {
      if (await this.#pages.choose(verdict)) this.#showImages(verdict);
    } catch (error) {
      announceError(error);
    }
  }

  /** @param {string} verdict */
  #showImages(verdict) {
    this.#tabs.show(this.#pages.counts, verdict);
    this.#grid.show();
    const total = this.#pages.total;
    const nothing = find("#images-nothing");
    nothing.hidden = total > 0;
    say(nothing, () => t(this.#job && !isEnded(this.#job.status) ? "images.early" : "images.none"));
    say(find("#verdict-meaning"), () =>
      total ? `${verdictMeaning(verdict)} ${t("images.hint")}` : "",
    );
    say(
      find("#tiles"),
      () => t("images.grid", { n: number(total), verdict: verdictName(verdict) }),
      "aria-label",
    );
    const address = new URL(location.href);
    address.searchParams.set("verdict", verdict);
    history.replaceState(null, "", address);
  }

  /** @param {string} verdict */
  async #jumpTo(verdict) {
    await this.#open(verdict);
    this.#tabs.focus();
  }

  #addTools() {
    find("#job-tools").append(
      el(
        "a",
        {
          id: "archive",
          class: "button primary",
          href: jobPath(this.#id, "/archive"),
          download: true,
          hidden: true,
        },
        icon("download"),
        el("span", {}, () => t("images.archive")),
      ),
      el(
        "a",
        {
          id: "report",
          class: "button",
          href: jobPath(this.#id, "/report"),
          target: "_blank",
          rel: "noreferrer noopener",
          hidden: true,
        },
        icon("out"),
        el("span", {}, () => t("job.report")),
      ),
      el(
        "a",
        { class: "button", href: pageOf("log", this.#id) },
        icon("log"),
        el("span", {}, () => t("job.log")),
      ),
    );
  }
}

/** @param {Job} job */
function stateText({ count, limit, elapsed_s, out_dir }) {
  const places = { count: number(count), limit: number(limit) };
  const images = t(count === null ? "job.wanted" : "job.count", places);
  return [images, duration(elapsed_s), out_dir].filter(Boolean).join(" · ");
}

startShell();
const given = new URLSearchParams(location.search);
const id = given.get("job_id");
if (id) {
  const verdict = given.get("verdict") ?? "";
  const page = new JobPage(id, [...REASONS, "all"].includes(verdict) ? verdict : "chosen");
  page.reload();
  connect({ onJob: (job) => page.onJob(job), onReload: () => page.reload() });
} else {
  say(find("#job-problem"), () => t("job.missing"));
}

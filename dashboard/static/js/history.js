/**
 * The history of jobs: one page of it, kept true by events and asked anew where they do not say
 * enough.
 */

import { announce } from "./announce.js";
import { get } from "./api.js";
import { find } from "./dom.js";
import { number } from "./format.js";
import { HistoryControls } from "./history-controls.js";
import { isFiltered, readView, writeView } from "./history-view.js";
import { say, t } from "./i18n.js";
import { JobRow } from "./job-row.js";

/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./history-view.js").View} View */

const RELOAD_AFTER_MS = 250; // several events in a row make one request

export class JobHistory {
  #view = readView();
  #list = find("#jobs");
  #controls = new HistoryControls(this.#view, (change) => this.#look(change));
  /** @type {Map<string, JobRow>} */
  #rows = new Map();
  /** @type {Map<string, string>} the last state heard of each job, on this page or not */
  #states = new Map();
  #request = 0;
  #reloading = 0;

  constructor() {
    addEventListener("popstate", () => {
      this.#view = readView();
      this.#controls.show(this.#view);
      this.reload();
    });
    setInterval(() => this.#tick(), 1000);
  }

  /** Ask for the page of the view; the last one asked for is shown. */
  async reload() {
    clearTimeout(this.#reloading);
    const request = ++this.#request;
    try {
      const answer = await get("/api/jobs", { ...this.#view });
      if (request === this.#request) this.#show(answer);
    } catch (error) {
      if (request === this.#request && !this.#rows.size) {
        this.#showNothing(() => /** @type {Error} */ (error).message);
      }
    }
  }

  /** A job has changed. @param {Job} job */
  onJob(job) {
    const before = this.#states.get(job.id);
    this.#states.set(job.id, job.status);
    this.#rows.get(job.id)?.update(job);
    if (before === job.status) return;
    this.#reloadSoon();
    if (before && job.status !== "scheduled") {
      announce(tidings(job), job.status === "failed" ? "bad" : "plain");
    }
  }

  /** A job is no longer there. */
  onRemoved() {
    this.#reloadSoon();
  }

  #reloadSoon() {
    clearTimeout(this.#reloading);
    this.#reloading = setTimeout(() => this.reload(), RELOAD_AFTER_MS);
  }

  /** @param {Partial<View>} change */
  #look(change) {
    const isStep = "page" in change;
    this.#view = { ...this.#view, page: 1, ...change };
    writeView(this.#view, isStep);
    this.reload();
    if (isStep) find("#history-title").focus();
  }

  /** @param {{jobs: Job[], total: number}} answer */
  #show({ jobs, total }) {
    const pages = Math.max(1, Math.ceil(total / this.#view.per_page));
    if (this.#view.page > pages) {
      this.#view = { ...this.#view, page: pages }; // the last page went away
      writeView(this.#view, false);
      this.reload();
      return;
    }
    this.#showRows(jobs);
    this.#list.removeAttribute("aria-busy");
    this.#controls.showPages(this.#view, total);
    say(find("#jobs-total"), () => t("jobs.total", { n: number(total) }));
    find("#jobs-nothing").hidden = true;
    if (jobs.length) return;
    this.#showNothing(() => t(isFiltered(this.#view) ? "jobs.none" : "jobs.empty"));
  }

  /** @param {Job[]} jobs */
  #showRows(jobs) {
    const wanted = new Set(jobs.map((job) => job.id));
    for (const [id, row] of this.#rows) if (!wanted.has(id)) this.#drop(id, row);
    for (const [at, job] of jobs.entries()) {
      const row = this.#rows.get(job.id) ?? new JobRow(job);
      this.#rows.set(job.id, row);
      this.#states.set(job.id, job.status);
      row.update(job);
      // Moved only where it has to be: moving takes the focus from a button.
      if (this.#list.children[at] !== row.element) {
        this.#list.insertBefore(row.element, this.#list.children[at] ?? null);
      }
    }
  }

  /** @param {string} id @param {JobRow} row */
  #drop(id, row) {
    const hadFocus = row.element.contains(document.activeElement);
    row.element.remove();
    this.#rows.delete(id);
    if (hadFocus) find("#history-title").focus();
  }

  /** @param {() => string} sentence */
  #showNothing(sentence) {
    this.#list.removeAttribute("aria-busy");
    find("#jobs-nothing").hidden = false;
    say(find("#jobs-nothing-text"), sentence);
    find("#jobs-unfilter").hidden = !isFiltered(this.#view);
  }

  #tick() {
    for (const row of this.#rows.values()) if (row.job.status === "running") row.tick();
  }
}

/** @param {Job} job */
function tidings({ query, status, count }) {
  if (status === "done") return t("jobs.now.done", { query, n: number(count ?? 0) });
  return t("jobs.now", { query, status: t(`status.${status}`) });
}

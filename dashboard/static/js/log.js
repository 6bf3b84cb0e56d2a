/** The log of one job: live, by level, searched, followed, and to take away. */

import { pageOf } from "./addresses.js";
import { get, jobPath } from "./api.js";
import { el, find, icon } from "./dom.js";
import { connect } from "./events.js";
import { number } from "./format.js";
import { say, t } from "./i18n.js";
import { LogSearch } from "./log-search.js";
import { LogText } from "./log-text.js";
import { startShell } from "./shell.js";
import { badge, showStatus } from "./status.js";

/** @typedef {import("./types.js").Job} Job */

const LEVELS = ["all", "warning", "error"];

class LogPage {
  #id;
  #text = new LogText(find("#log"));
  #search = new LogSearch(this.#text);
  #follow = /** @type {HTMLInputElement} */ (find("#follow"));
  #badge = badge();
  #query;
  #offset = 0;
  /** @type {Promise<void>} */
  #reading = Promise.resolve();

  /** @param {string} id */
  constructor(id) {
    this.#id = id;
    this.#query = el("a", { href: pageOf("job", id), hidden: true });
    find("#state").append(this.#query, this.#badge);
    this.#addControls();
  }

  /** Where the live connection goes on from what is here. */
  get eventsAddress() {
    return `/api/events?${new URLSearchParams({ log: this.#id, offset: String(this.#offset) })}`;
  }

  /** Read on from where the text ends; one reading after the other. */
  readOn() {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  /** The job has changed; at its end the log is read to its last line. @param {Job} job */
  onJob(job) {
    if (job.id !== this.#id) return;
    document.title = `${job.query} · ${t("log.title")}`;
    say(this.#query, () => job.query || t("job.untitled"));
    this.#query.hidden = false;
    if (this.#badge.dataset.status !== job.status) this.readOn();
    showStatus(this.#badge, job.status);
  }

  /**
   * Lines came by the live connection.
   * @param {{id: string, text: string, next_offset: number}} part
   */
  onLog({ id, text, next_offset }) {
    if (id !== this.#id || next_offset <= this.#offset) return;
    const wereSomeMissed = next_offset - [...text].length !== this.#offset;
    if (wereSomeMissed) this.readOn();
    else this.#add(text, next_offset);
  }

  async reload() {
    try {
      this.onJob(await get(jobPath(this.#id)));
    } catch (error) {
      this.#showProblem(error);
    }
    await this.readOn();
  }

  async #read() {
    try {
      let isAtEnd = false;
      while (!isAtEnd) isAtEnd = await this.#readPart();
      find("#log-problem").textContent = "";
    } catch (error) {
      this.#showProblem(error);
    }
  }

  /** Read a part, of which a long log has several; true if there was no more. */
  async #readPart() {
    const offset = this.#offset;
    const { text, next_offset, is_complete } = await get(jobPath(this.#id, "/log"), { offset });
    if (offset !== this.#offset) return false; // lines came by the live connection meanwhile
    this.#add(text, next_offset);
    say(find("#completeness"), () => t(is_complete ? "log.complete" : "log.live"));
    return is_complete || !text;
  }

  /** @param {string} text @param {number} nextOffset */
  #add(text, nextOffset) {
    this.#offset = nextOffset;
    this.#text.add(text);
    this.#search.refresh();
    this.#showCounts();
    this.#followEnd();
  }

  #followEnd() {
    if (this.#follow.checked) this.#text.scrollToEnd();
  }

  #showCounts() {
    const { count, shown } = this.#text;
    say(find("#lines"), () => t("log.lines", { n: number(count) }));
    const nothing = find("#log-nothing");
    nothing.hidden = shown > 0;
    find("#log").hidden = !shown;
    say(nothing, () => t(count ? "log.none" : "log.empty"));
  }

  #addControls() {
    const level = /** @type {HTMLSelectElement} */ (find("#level"));
    level.append(...LEVELS.map((value) => el("option", { value }, () => t(`log.level.${value}`))));
    level.addEventListener("change", () => {
      this.#text.showFrom(level.value);
      this.#search.refresh();
      this.#showCounts();
      this.#followEnd();
    });
    this.#follow.addEventListener("change", () => this.#followEnd());
    this.#text.onScroll((isAtEnd) => {
      this.#follow.checked = isAtEnd;
    });
    const download = /** @type {HTMLAnchorElement} */ (find("#download"));
    download.href = jobPath(this.#id, "/log.txt");
    download.download = `${this.#id}.log.txt`;
    download.hidden = false;
    download.append(
      icon("download"),
      el("span", {}, () => t("log.download")),
    );
  }

  /** @param {unknown} error */
  #showProblem(error) {
    find("#log-problem").textContent = /** @type {Error} */ (error).message;
  }
}

startShell();
const id = new URLSearchParams(location.search).get("job_id");
if (id) {
  const page = new LogPage(id);
  const listeners = {
    onJob: page.onJob.bind(page),
    onLog: page.onLog.bind(page),
    onReload: () => page.reload(),
  };
  page.reload().then(() => connect(listeners, () => page.eventsAddress));
} else {
  say(find("#log-problem"), () => t("job.missing"));
}

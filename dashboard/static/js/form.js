/** The form that starts jobs: made from the API's options, checked as the reader types. */

import { announce } from "./announce.js";
import { get, post } from "./api.js";
import { checkQueries, isAskedFor, queriesOf } from "./checks.js";
import { find } from "./dom.js";
import { Field, showProblem } from "./fields.js";
import { number } from "./format.js";
import { say, t } from "./i18n.js";
import { showRunner } from "./runner.js";
import { MAX_QUERY_LENGTH } from "./vocabulary.js";

/** @typedef {import("./types.js").Options} Options */

const FIRST = ["limit", "source", "input", "out_dir"]; // the rest is folded
const NOT_OURS = ["query", "job_id"]; // the query has its own place; resuming is the history's

/** @param {() => unknown} onStarted */
export async function startForm(onStarted) {
  const form = new Form(onStarted);
  try {
    form.addFields(await get("/api/options"));
  } catch {
    say(find("#form-message"), () => t("form.no_options"));
  }
}

class Form {
  #onStarted;
  #form = /** @type {HTMLFormElement} */ (find("#run"));
  #query = /** @type {HTMLTextAreaElement} */ (find("#query"));
  #message = find("#form-message");
  #button = /** @type {HTMLButtonElement} */ (find("#start"));
  /** @type {Field[]} */
  #fields = [];
  #mostQueries = Infinity; // until the API says; it checks again
  #wasTouched = false; // an empty query is no mistake before anything was entered
  #isStarting = false;

  /** @param {() => unknown} onStarted */
  constructor(onStarted) {
    this.#onStarted = onStarted;
    say(this.#button, () => this.#buttonText());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    this.#form.addEventListener("input", () => this.#typed());
    this.#form.addEventListener("change", () => this.#typed()); // what fills forms in for people
    document.addEventListener("languagechosen", () => this.#wasTouched && this.#check());
    this.#query.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    find("#reset").addEventListener("click", () => this.#reset());
  }

  /** @param {Options} options */
  addFields({ fields, defaults, runner, max_queries }) {
    const { properties } = fields;
    this.#mostQueries = max_queries;
    const first = FIRST.filter((name) => name in properties);
    const rest = Object.keys(properties).filter((name) => ![...FIRST, ...NOT_OURS].includes(name));
    this.#fields = [...first, ...rest].map((name) => {
      return new Field(name, properties[name], defaults[name] ?? properties[name].default);
    });
    for (const field of this.#fields) {
      find(FIRST.includes(field.name) ? "#fields" : "#more-fields").append(field.element);
    }
    find("#more").hidden = false;
    say(find("#more-label"), () => this.#moreText());
    showRunner(runner);
    this.#showAskedFor();
  }

  get #values() {
    return Object.fromEntries(this.#fields.map((field) => [field.name, field.value]));
  }

  get #folded() {
    return this.#fields.filter((field) => !FIRST.includes(field.name));
  }

  #typed() {
    this.#wasTouched = true;
    this.#message.textContent = "";
    this.#showAskedFor();
    this.#check();
    say(this.#button, () => this.#buttonText());
    if (this.#fields.length) say(find("#more-label"), () => this.#moreText());
  }

  /** Check everything; return the controls that are wrong. */
  #check() {
    const wrong = [];
    const { value } = this.#query;
    const problem = checkQueries(value, MAX_QUERY_LENGTH, this.#mostQueries);
    if (!showProblem(this.#query, find("#query-problem"), problem)) wrong.push(this.#query);
    for (const field of this.#fields) if (!field.check(this.#values)) wrong.push(field.control);
    const { repeated } = queriesOf(value);
    find("#query-note").textContent = repeated ? t("form.repeated", { n: repeated }) : "";
    return wrong;
  }

  async #start() {
    if (this.#isStarting) return;
    this.#wasTouched = true;
    const wrong = this.#check();
    if (wrong.length) {
      say(this.#message, () => t("form.fix", { n: wrong.length }));
      const details = wrong[0].closest("details");
      if (details) details.open = true;
      wrong[0].focus();
      return;
    }
    this.#setStarting(true);
    try {
      await this.#send();
    } catch (error) {
      this.#message.textContent = /** @type {Error} */ (error).message;
    } finally {
      this.#setStarting(false);
    }
  }

  async #send() {
    const { queries } = queriesOf(this.#query.value);
    const used = this.#fields.filter((field) => FIRST.includes(field.name) || field.isChanged);
    const given = used.filter((field) => field.value !== "" && !field.element.hidden);
    const options = Object.fromEntries(given.map((field) => [field.name, field.sent]));
    if (queries.length === 1) await post("/api/run", { query: queries[0], ...options });
    else await post("/api/run/many", { queries, ...options });
    announce(t("form.started", { n: queries.length, query: queries[0] }), "good");
    this.#query.value = "";
    this.#wasTouched = false;
    find("#query-note").textContent = "";
    this.#query.focus();
    this.#onStarted();
  }

  /** @param {boolean} isStarting */
  #setStarting(isStarting) {
    this.#isStarting = isStarting;
    this.#button.setAttribute("aria-busy", String(isStarting));
    say(this.#button, () => this.#buttonText());
  }

  #reset() {
    for (const field of this.#folded) field.reset();
    this.#typed();
    if (!this.#query.value) showProblem(this.#query, find("#query-problem"), null);
  }

  /** A list or folder is asked for only where the source is one. */
  #showAskedFor() {
    const { source } = this.#values;
    for (const field of this.#fields) field.element.hidden = !isAskedFor(field.schema, source);
  }

  #buttonText() {
    if (this.#isStarting) return t("form.starting");
    return t("form.start", { n: queriesOf(this.#query.value).queries.length || 1 });
  }

  #moreText() {
    const changed = this.#folded.filter((field) => field.isChanged).length;
    return changed ? t("form.more.changed", { n: number(changed) }) : t("form.more");
  }
}

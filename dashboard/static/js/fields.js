/** One field of the form: its label, its control by the schema, its hint and what is wrong. */

import { checkField, choicesOf, kindOf } from "./checks.js";
import { el } from "./dom.js";
import { has, t } from "./i18n.js";

/** @typedef {import("./checks.js").FieldSchema} FieldSchema */

export class Field {
  #initial;
  #problem;

  /** @param {string} name @param {FieldSchema} schema @param {unknown} byDefault */
  constructor(name, schema, byDefault) {
    this.name = name;
    this.schema = schema;
    this.#initial = byDefault === null || byDefault === undefined ? "" : String(byDefault);
    const ids = { hint: `${name}-hint`, problem: `${name}-problem` };
    this.control = control(name, schema, this.#initial);
    this.#problem = el("p", { id: ids.problem, class: "problem" });
    this.control.setAttribute("aria-describedby", `${ids.problem} ${ids.hint}`);
    const hint = hintOf(name, schema);
    this.element = el(
      "div",
      { class: "field", "data-field": name },
      el("label", { for: name }, labelOf(name, schema)),
      this.control,
      schema.examples ? examples(name, schema.examples) : null,
      this.#problem,
      hint ? el("p", { id: ids.hint, class: "hint" }, hint) : null,
    );
  }

  get value() {
    return this.control.value.trim();
  }

  get isChanged() {
    return this.value !== this.#initial;
  }

  /** What the API is sent. */
  get sent() {
    if (this.schema.type === "boolean") return this.value === "true";
    const kind = kindOf(this.schema);
    return kind === "integer" || kind === "number" ? Number(this.value) : this.value;
  }

  reset() {
    this.control.value = this.#initial;
  }

  /** Check and show what is wrong; true if nothing is. @param {Record<string, string>} all */
  check(all) {
    return showProblem(
      this.control,
      this.#problem,
      checkField(this.name, this.schema, this.value, all),
    );
  }
}

/**
 * Show what is wrong with a control, or that nothing is; true if nothing is.
 * @param {HTMLElement} entry
 * @param {HTMLElement} place
 * @param {string | null} problem
 */
export function showProblem(entry, place, problem) {
  place.textContent = problem ?? "";
  if (problem) entry.setAttribute("aria-invalid", "true");
  else entry.removeAttribute("aria-invalid");
  return !problem;
}

/** @param {string} name @param {FieldSchema} schema */
function labelOf(name, schema) {
  return () => (has(`field.${name}`) ? t(`field.${name}`) : (schema.title ?? name));
}

/**
 * A field without words of ours has its description.
 * @param {string} name
 * @param {FieldSchema} schema
 */
function hintOf(name, schema) {
  for (const key of [`form.${name}.hint`, `field.${name}.hint`]) if (has(key)) return () => t(key);
  return has(`field.${name}`) || !schema.description ? null : () => schema.description ?? "";
}

/** @param {string} name @param {FieldSchema} schema @param {string} value */
function control(name, schema, value) {
  const kind = kindOf(schema);
  const common = { id: name, name };
  const choices = choicesOf(schema);
  if (choices) return choice(common, name, choices, value);
  if (kind === "text") {
    const list = schema.examples ? `${name}-examples` : null;
    return el("input", {
      ...common,
      type: "text",
      value,
      list,
      autocomplete: "off",
      spellcheck: "false",
    });
  }
  return el("input", {
    ...common,
    type: "number",
    inputmode: kind === "integer" ? "numeric" : "decimal",
    min: schema.minimum ?? schema.exclusiveMinimum,
    max: schema.maximum,
    step: kind === "integer" ? 1 : "any",
    value,
  });
}

/**
 * @param {{id: string, name: string}} common
 * @param {string} name
 * @param {string[]} values
 * @param {string} value
 */
function choice(common, name, values, value) {
  const options = values.map((one) => {
    const key = [`value.${name}.${one}`, `value.${one || "none"}`].find(has);
    return el("option", { value: one, selected: one === value }, () => (key ? t(key) : one));
  });
  return el("select", common, ...options);
}

/** @param {string} name @param {string[]} values */
function examples(name, values) {
  const options = values.map((value) => el("option", { value }));
  return el("datalist", { id: `${name}-examples` }, ...options);
}

/**
 * What may be entered in the form, by the schema that the API gives. A check returns the phrase of
 * what is wrong, or null. The server checks again; these say it sooner.
 */

import { number } from "./format.js";
import { t } from "./i18n.js";

/**
 * A field of the request's JSON schema.
 * @typedef {Object} FieldSchema
 * @property {string} [type]
 * @property {string[]} [enum]
 * @property {FieldSchema[]} [anyOf]
 * @property {string} [const]
 * @property {number} [minimum]
 * @property {number} [exclusiveMinimum]
 * @property {number} [maximum]
 * @property {number} [maxLength]
 * @property {string[]} [examples]
 * @property {string[]} [sources] the only ones that it is for
 * @property {string} [title]
 * @property {string} [description]
 * @property {any} [default]
 */

const REFUSED = /[\p{Cc}\p{Cs}]/u; // as tasks/characters.py has it
const BLANKS = /\p{White_Space}+/gu;

/** The queries of the text: its lines, each once. @param {string} text */
export function queriesOf(text) {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const filled = lines.map(plain).filter(Boolean);
  const queries = [...new Set(filled)];
  return { queries, repeated: filled.length - queries.length, lines };
}

/** A query as it is asked: composed, with plain blanks. @param {string} line */
function plain(line) {
  return line.replace(BLANKS, " ").trim().normalize("NFC");
}

/**
 * @param {string} text
 * @param {number} maxLength of a query
 * @param {number} most queries that are started at once
 * @returns {string | null}
 */
export function checkQueries(text, maxLength, most) {
  const { queries, lines } = queriesOf(text);
  if (!queries.length) return t("check.query.empty");
  for (const [index, line] of lines.entries()) {
    const { length } = [...plain(line)];
    const places = { line: index + 1, length: number(length), max: number(maxLength) };
    if (length > maxLength) return t("check.query.long", places);
    if (REFUSED.test(line)) return t("check.query.control", places);
  }
  const places = { n: number(queries.length), max: number(most) };
  return queries.length > most ? t("check.query.many", places) : null;
}

/**
 * @param {string} name
 * @param {FieldSchema} schema
 * @param {string} value as typed
 * @param {Record<string, string>} all values of the form, by name
 * @returns {string | null}
 */
export function checkField(name, schema, value, all) {
  const kind = kindOf(schema);
  if (name === "input" && isAskedFor(schema, all.source) && !value) return t("check.input");
  if (hasWord(schema)) return value === wordOf(schema) ? null : checkNumberPart(schema, value);
  if (kind === "integer" || kind === "number") return checkNumber(schema, kind, value);
  if (value === "") return isNeeded(schema) ? t("check.required") : null;
  if (kind === "choice") return null;
  if (REFUSED.test(value)) return t("check.control");
  const { maxLength } = meant(schema);
  if (maxLength !== undefined && [...value].length > maxLength) {
    return t("check.long", { max: number(maxLength) });
  }
  if (name === "out_dir" && value.split(/[/\\]/).includes("..")) return t("check.folder");
  if (name === "period") return checkPeriod(value, schema.examples ?? []);
  return null;
}

/**
 * Whether a field is asked for where candidates come from that source.
 * @param {FieldSchema} schema
 * @param {string} source
 */
export function isAskedFor(schema, source) {
  return schema.sources?.includes(source) ?? true;
}

/**
 * How a field is entered.
 * @param {FieldSchema} schema
 * @returns {"choice" | "integer" | "number" | "text"}
 */
export function kindOf(schema) {
  if (choicesOf(schema)) return "choice";
  if (hasWord(schema)) return "text";
  const { type } = meant(schema);
  return type === "integer" || type === "number" ? type : "text";
}

/**
 * The values that can be chosen, "" for none; undefined where anything may be entered.
 * @param {FieldSchema} schema
 * @returns {string[] | undefined}
 */
export function choicesOf(schema) {
  const values = schema.type === "boolean" ? ["false", "true"] : meant(schema).enum;
  return schema.anyOf && values ? ["", ...values] : values;
}

/** The schema of a value that is given, where none may be given too. @param {FieldSchema} schema */
function meant(schema) {
  return schema.anyOf?.find((part) => part.type !== "null") ?? schema;
}

/** The word that may stand for a number, as auto. @param {FieldSchema} schema */
function wordOf(schema) {
  return schema.anyOf?.find((part) => typeof part.const === "string")?.const;
}

/** @param {FieldSchema} schema */
function hasWord(schema) {
  return wordOf(schema) !== undefined;
}

/** @param {FieldSchema} schema @param {string} value */
function checkNumberPart(schema, value) {
  const part = schema.anyOf?.find(({ type }) => type === "number") ?? schema;
  return checkNumber(part, "number", value);
}

/** @param {FieldSchema} schema */
function isNeeded(schema) {
  return schema.default !== null && !schema.anyOf;
}

/** @param {FieldSchema} schema @param {"integer" | "number"} kind @param {string} value */
function checkNumber(schema, kind, value) {
  const entered = Number(value);
  if (value.trim() === "" || !Number.isFinite(entered)) return t("check.number");
  if (kind === "integer" && !Number.isInteger(entered)) return t("check.integer");
  const { minimum, exclusiveMinimum, maximum } = schema;
  if (minimum !== undefined && entered < minimum) {
    return t("check.min", { min: number(minimum, 4) });
  }
  if (exclusiveMinimum !== undefined && entered <= exclusiveMinimum) {
    return t("check.above", { min: number(exclusiveMinimum, 4) });
  }
  if (maximum !== undefined && entered > maximum) {
    return t("check.max", { max: number(maximum, 4) });
  }
  return null;
}

/** @param {string} value @param {string[]} known */
function checkPeriod(value, known) {
  if (known.includes(value)) return null;
  const days = /^(\d{8})-(\d{8})$/.exec(value);
  if (!days || !isDay(days[1]) || !isDay(days[2])) return t("check.period");
  return days[1] > days[2] ? t("check.period.order") : null;
}

/** @param {string} day YYYYMMDD */
function isDay(day) {
  const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
  const parsed = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(parsed.valueOf()) && parsed.toISOString().startsWith(iso);
}

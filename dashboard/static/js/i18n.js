/**
 * The page's language: fetches the words of the chosen one and keeps what is on the page in it.
 * Static HTML names its phrase in `data-i18n` (the text) or `data-i18n-<attribute>`; elements made
 * by `dom.js` bring a function that says their text anew.
 */

/** @typedef {"ko" | "en"} Language */
/** @typedef {string | {one: string, other: string}} Template */
/** @typedef {Record<string, unknown>} Values */
/** @typedef {import("./types.js").Message} Message */

const STORED = "language";
const STATIC_ATTRIBUTES = ["aria-label", "placeholder", "title"];
const RETRY_MS = 1000;

/** @type {WeakMap<Element, Map<string, () => string>>} */
const sayings = new WeakMap();
/** @type {Map<Language, Map<string, Template>>} */
const tables = new Map();
let words = await wordsFor(language());
/** @type {Language} */
let wanted = language();

/** The language in use. `boot.js` has set it before the first paint. */
export function language() {
  return document.documentElement.lang === "en" ? "en" : "ko";
}

/**
 * Say a phrase in the language in use, as `say` in words/__init__.py does: a missing value leaves
 * its place empty, and the form "one" is chosen where `n` is 1.
 * @param {string} key
 * @param {Values} [values] a value that is a message is said too
 * @returns {string} the key itself where there is no such phrase
 */
export function t(key, values = {}) {
  const template = words.get(key) ?? key;
  const form = String(values.n) === "1" ? "one" : "other";
  const text = typeof template === "string" ? template : template[form];
  return text.replace(/\{(\w+)\}/g, (_, name) => shown(values[name]));
}

/** Say a message of the API. @param {Message} message */
export function tell({ code, values }) {
  return t(code, values);
}

/** Whether there is such a phrase. @param {string} key */
export function has(key) {
  return words.has(key);
}

/**
 * Give an element a text, or an attribute, that is said anew when the language changes.
 * @param {Element} element
 * @param {() => string} saying
 * @param {string} [attribute] the text if left out
 */
export function say(element, saying, attribute = "") {
  const ofElement = sayings.get(element) ?? new Map();
  ofElement.set(attribute, saying);
  sayings.set(element, ofElement);
  element.setAttribute("data-said", "");
  put(element, attribute, saying());
}

/** Change to the other language, here and at the next visit. `languagechosen` tells of it. */
export async function switchLanguage() {
  wanted = wanted === "ko" ? "en" : "ko";
  const chosen = wanted;
  const table = await wordsFor(chosen);
  if (chosen !== wanted) return; // switched back meanwhile
  words = table;
  document.documentElement.lang = chosen;
  translate();
  document.dispatchEvent(new Event("languagechosen"));
  localStorage.setItem(STORED, chosen); // last, as a browser may forbid it
}

/** Bring the whole page into the language in use. */
export function translate() {
  for (const element of document.querySelectorAll("[data-i18n]")) {
    put(element, "", t(element.getAttribute("data-i18n") ?? ""));
  }
  for (const attribute of STATIC_ATTRIBUTES) {
    for (const element of document.querySelectorAll(`[data-i18n-${attribute}]`)) {
      put(element, attribute, t(element.getAttribute(`data-i18n-${attribute}`) ?? ""));
    }
  }
  for (const element of document.querySelectorAll("[data-said]")) {
    for (const [attribute, saying] of sayings.get(element) ?? []) put(element, attribute, saying());
  }
}

/**
 * The words of a language; asked for until they come, as nothing can be said without them.
 * @param {Language} chosen
 * @returns {Promise<Map<string, Template>>}
 */
async function wordsFor(chosen) {
  const known = tables.get(chosen);
  if (known) return known;
  /** @type {Map<string, Template>} */
  const table = new Map(Object.entries(await fetched(`/words/${chosen}.json`)));
  tables.set(chosen, table);
  return table;
}

/**
 * JSON of the server that needs no token; asked for until it comes.
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function fetched(path) {
  try {
    const response = await fetch(path);
    if (response.ok) return await response.json();
  } catch {
    // the server is away
  }
  await new Promise((resolve) => {
    setTimeout(resolve, RETRY_MS);
  });
  return fetched(path);
}

/**
 * A value as it stands in a sentence. The page's own numbers come as texts in the reader's format.
 * @param {unknown} value
 */
function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" && !Number.isInteger(value)) {
    return String(Number(value.toPrecision(6)));
  }
  return isMessage(value) ? tell(value) : String(value);
}

/** @param {unknown} value @returns {value is Message} */
function isMessage(value) {
  return typeof value === "object" && value !== null && "code" in value && "values" in value;
}

/**
 * Only what differs is written, so that a screen reader hears no news where there is none.
 * @param {Element} element
 * @param {string} attribute
 * @param {string} text
 */
function put(element, attribute, text) {
  if (attribute) {
    if (element.getAttribute(attribute) !== text) element.setAttribute(attribute, text);
  } else if (element.textContent !== text) {
    element.textContent = text;
  }
}

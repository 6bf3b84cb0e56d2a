/**
 * The page's language: looks phrases up in `words.js` and keeps what is on the page in the chosen
 * language. Static HTML names its phrase in `data-i18n` (the text) or `data-i18n-<attribute>`;
 * elements made by `dom.js` bring a function that says their text anew.
 */

import { WORDS } from "./words.js";

/** @typedef {import("./words.js").Places} Places */

const STORED = "language";
const STATIC_ATTRIBUTES = ["aria-label", "placeholder", "title"];

/** @type {WeakMap<Element, Map<string, () => string>>} */
const sayings = new WeakMap();

/** The language in use: "ko" or "en". `boot.js` has set it before the first paint. */
export function language() {
  return document.documentElement.lang === "en" ? "en" : "ko";
}

/**
 * Say a phrase in the language in use.
 * @param {string} key
 * @param {Places} [places]
 * @returns {string}
 */
export function t(key, places = {}) {
  const phrase = WORDS[language()][key];
  if (phrase === undefined) return key;
  if (typeof phrase === "function") return phrase(places);
  return phrase.replace(/\{(\w+)\}/g, (_, name) => String(places[name] ?? ""));
}

/** Whether there is such a phrase. @param {string} key */
export function has(key) {
  return key in WORDS.ko;
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

/**
 * Change the language, here and at the next visit. `languagechosen` tells the document of it.
 * @param {"ko" | "en"} chosen
 */
export function setLanguage(chosen) {
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

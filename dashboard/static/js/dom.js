/** Makes elements. Whatever comes from the API goes in as text; nothing here parses markup. */

import { say } from "./i18n.js";

/**
 * @typedef {string | number | boolean | null | undefined | (() => string) | EventListener} Value
 */
/** @typedef {Node | string | number | null | undefined | (() => string)} Child */

/**
 * Make an element. Properties named `on…` are listeners, `true` is an empty attribute, `false` and
 * null are none. A function, as a value or as the only child, says its text anew in each language.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, Value>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  addChildren(element, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element of a drawing.
 * @param {string} tag
 * @param {Record<string, Value>} [attributes]
 * @param {...Child} children
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  setAttributes(element, attributes);
  addChildren(element, children);
  return element;
}

/** Make one of the drawings of icons.svg, hidden from screen readers. @param {string} name */
export function icon(name) {
  const use = svg("use", { href: `/static/icons.svg#${name}` });
  return svg("svg", { class: "icon", "aria-hidden": "true", focusable: "false" }, use);
}

/**
 * Find the one element that the page has for this.
 * @template {Element} [Found=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {Found}
 */
export function find(selector, root = document) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return /** @type {Found} */ (/** @type {unknown} */ (found));
}

/**
 * Return the address if it is one of the web, else null: a `javascript:` link must never be made.
 * @param {unknown} address
 */
export function webAddress(address) {
  try {
    const { protocol, href } = new URL(String(address));
    return protocol === "http:" || protocol === "https:" ? href : null;
  } catch {
    return null;
  }
}

/** @param {Element} element @param {Record<string, Value>} attributes */
function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (typeof value === "function") {
      say(element, /** @type {() => string} */ (value), name);
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/** @param {Element} element @param {Child[]} children */
function addChildren(element, children) {
  for (const child of children) {
    if (typeof child === "function") say(element, child);
    else if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined) element.append(String(child));
  }
}

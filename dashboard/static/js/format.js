/** Numbers, times and sizes as the chosen language writes them. */

import { language } from "./i18n.js";

/** @param {number | null | undefined} value @param {number} [digits] at most, after the point */
export function number(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value);
}

/**
 * Always that many digits after the point, so that columns line up.
 * @param {number} value
 * @param {number} digits
 */
export function decimal(value, digits) {
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language(), style).format(value);
}

/** @param {number} share 0 … 1 */
export function percent(share) {
  const style = { style: /** @type {const} */ ("percent"), maximumFractionDigits: 1 };
  return new Intl.NumberFormat(language(), style).format(share);
}

/** A day and time, in the reader's own zone. @param {string | null | undefined} iso */
export function dateTime(iso) {
  if (!iso) return "–";
  const when = new Date(iso);
  const isThisYear = when.getFullYear() === new Date().getFullYear();
  return new Intl.DateTimeFormat(language(), {
    year: isThisYear ? undefined : "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(when);
}

/** A day of the calendar, not a moment. @param {string} day YYYY-MM-DD */
export function calendarDay(day) {
  const style = { month: /** @type {const} */ ("short"), day: /** @type {const} */ ("numeric") };
  return new Intl.DateTimeFormat(language(), { ...style, timeZone: "UTC" }).format(
    new Date(`${day}T00:00:00Z`),
  );
}

const UNITS = /** @type {const} */ ([
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
]);

/** "2분 5초": the two largest units. @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  let left = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(left / size);
    left -= amount * size;
    if (amount || parts.length || unit === "second") parts.push(inUnit(amount, unit));
  }
  return parts.slice(0, 2).join(" ");
}

/** @param {number} count of bytes */
export function bytes(count) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = Math.min(
    units.length - 1,
    Math.floor(Math.log(Math.max(count, 1)) / Math.log(1024)),
  );
  return inUnit(count / 1024 ** power, units[power], power ? 1 : 0);
}

/** @param {number} amount @param {string} unit @param {number} [digits] */
function inUnit(amount, unit, digits = 0) {
  /** @type {Intl.NumberFormatOptions} */
  const style = { style: "unit", unit, maximumFractionDigits: digits };
  const unitDisplay = unit.endsWith("byte") ? "short" : "narrow";
  return new Intl.NumberFormat(language(), { ...style, unitDisplay }).format(amount);
}

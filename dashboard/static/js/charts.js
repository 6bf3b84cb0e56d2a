/** A chart of bars, drawn by hand; its numbers are in a table beside it for who cannot see it. */

import { el, svg } from "./dom.js";
import { number } from "./format.js";
import { t } from "./i18n.js";

const WIDTH = 600;
const HEIGHT = 150;
const GAP = 4;
const RADIUS = 3;

/**
 * @param {string} key the phrase that names it
 * @param {{label: () => string, value: number}[]} series
 */
export function barChart(key, series) {
  const peak = Math.max(0, ...series.map(({ value }) => value));
  const sum = series.reduce((total, { value }) => total + value, 0);
  const width = WIDTH / Math.max(series.length, 1);
  const words = () =>
    `${t("overview.sum", { n: number(sum) })} · ${t("overview.peak", { n: number(peak) })}`;
  const drawing = svg(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": () => `${t(key)}: ${words()}`,
    },
    ...series.map((one, at) => bar(one, at * width, width - GAP, peak)),
  );
  const [first, last] = [series[0], series.at(-1)];
  return el(
    "figure",
    { class: "chart" },
    el(
      "figcaption",
      {},
      el("strong", {}, () => t(key)),
      el("span", {}, words),
    ),
    drawing,
    el(
      "div",
      { class: "axis", "aria-hidden": "true" },
      el("span", {}, first?.label ?? ""),
      el("span", {}, last?.label ?? ""),
    ),
  );
}

/**
 * @param {{label: () => string, value: number}} one
 * @param {number} x
 * @param {number} width
 * @param {number} peak
 */
function bar({ label, value }, x, width, peak) {
  const height = value ? Math.max(2, (value / peak) * HEIGHT) : 1;
  const name = () => t("overview.bar", { day: label(), n: number(value) });
  const box = {
    x,
    y: HEIGHT - height,
    width,
    height,
    rx: value ? RADIUS : 0,
    class: value ? "bar" : "bar none",
  };
  return svg("rect", box, svg("title", {}, name));
}

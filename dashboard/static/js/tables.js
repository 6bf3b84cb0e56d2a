/** Tables whose cells say themselves in the language in use. */

import { el } from "./dom.js";
import { t } from "./i18n.js";

/**
 * A table of texts, the first column the row's name, the others numbers.
 * @param {string[]} columns phrases
 * @param {(() => string)[][]} rows
 */
export function numberTable(columns, rows) {
  return table(
    columns,
    rows.map((cells) => cells.map((cell) => el("span", {}, cell))),
  );
}

/**
 * @param {string[]} columns phrases; "" for a column that only draws
 * @param {Node[][]} rows
 * @param {string} [name]
 */
export function table(columns, rows, name = "") {
  const kinds = columns.map((key, at) => (at && key ? "number" : null));
  const heads = columns.map((key, at) => {
    return key ? el("th", { scope: "col", class: kinds[at] }, () => t(key)) : el("td");
  });
  const body = rows.map((cells) => {
    return el(
      "tr",
      {},
      ...cells.map((cell, at) =>
        at ? el("td", { class: kinds[at] }, cell) : el("th", { scope: "row" }, cell),
      ),
    );
  });
  return el(
    "table",
    { class: name || null },
    el("thead", {}, el("tr", {}, ...heads)),
    el("tbody", {}, ...body),
  );
}

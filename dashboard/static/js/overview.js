/** The overview: how much was collected, what fell out, and whether source and disk are well. */

import { get } from "./api.js";
import { barChart } from "./charts.js";
import { el, find } from "./dom.js";
import { connect } from "./events.js";
import { bytes, calendarDay, dateTime, number, percent } from "./format.js";
import { say, t, tell } from "./i18n.js";
import { inOrder, verdictName } from "./reasons.js";
import { startShell } from "./shell.js";
import { badge, showStatus } from "./status.js";
import { numberTable, table } from "./tables.js";
import { STATUSES, stageOf } from "./vocabulary.js";

/** @typedef {import("./types.js").Overview} Overview */

const RELOAD_AFTER_MS = 2000; // a job's end changes little; several are shown at once

/** @param {Overview} overview */
function show(overview) {
  find("#days").replaceChildren(...days(overview.queries_per_day));
  find("#status").replaceChildren(byStatus(overview.jobs_by_status));
  find("#yield").replaceChildren(...yields(overview.yield));
  find("#source").replaceChildren(...source(overview.source_health));
  find("#disk").replaceChildren(...disk(overview.disk));
  const now = new Date().toISOString();
  say(find("#updated"), () => t("overview.updated", { when: dateTime(now) }));
}

/** @param {Overview["queries_per_day"]} perDay */
function days(perDay) {
  const series = (/** @type {"jobs" | "images"} */ name) =>
    perDay.map((one) => ({ label: () => calendarDay(one.day), value: one[name] }));
  const columns = ["overview.day", "overview.jobs", "overview.images"];
  const rows = perDay.map(({ day, jobs, images }) => [
    () => calendarDay(day),
    () => number(jobs),
    () => number(images),
  ]);
  return [
    el(
      "div",
      { class: "charts" },
      barChart("overview.jobs_per_day", series("jobs")),
      barChart("overview.images_per_day", series("images")),
    ),
    folded(numberTable(columns, rows)),
  ];
}

/** @param {Record<string, number>} counts */
function byStatus(counts) {
  const rows = STATUSES.map((status) => {
    const mark = badge();
    showStatus(mark, status);
    const link = el("a", { href: `/?status=${status}` }, mark);
    return el(
      "li",
      {},
      link,
      el("strong", {}, () => number(counts[status] ?? 0)),
    );
  });
  return el("ul", { class: "by-status" }, ...rows);
}

/** @param {Overview["yield"]} all */
function yields({ found, chosen, reasons }) {
  if (!found) return [el("p", { class: "muted" }, () => t("overview.yield.none"))];
  const places = () => ({
    found: number(found),
    chosen: number(chosen),
    share: percent(chosen / found),
  });
  const names = ["chosen", ...inOrder(Object.keys(reasons))];
  const rows = names.map((name) => {
    const count = name === "chosen" ? chosen : reasons[name];
    const bar = el(
      "div",
      { class: "bar", "data-stage": stageOf(name), "aria-hidden": "true" },
      el("span"),
    );
    bar.style.setProperty("--share", String(count / found));
    return [
      el("span", {}, () => verdictName(name)),
      bar,
      el("span", {}, () => number(count)),
      el("span", {}, () => percent(count / found)),
    ];
  });
  const columns = ["overview.reason", "", "overview.number", "overview.share"];
  return [
    el("p", { class: "sentence" }, () => t("overview.yield.sentence", places())),
    table(columns, rows, "yields"),
  ];
}

/** @param {Overview["source_health"]} health */
function source(health) {
  if (!health) return [el("p", { class: "muted" }, () => t("overview.source.never"))];
  const { ok, message, source: name, checked_at, strategies } = health;
  const columns = [
    "overview.strategy",
    "overview.candidates",
    "overview.with_original",
    "overview.with_size",
  ];
  const rows = (strategies ?? []).map((one) => {
    const numbers = [one.candidates, one.with_original, one.with_size];
    return [
      () => [one.query, one.strategy].filter(Boolean).join(" · "),
      ...numbers.map((value) => () => number(value)),
    ];
  });
  return [
    el("p", { class: ok ? "health good" : "health bad" }, () =>
      t(ok ? "overview.source.ok" : "overview.source.broken", {
        source: t(`value.source.${name}`),
      }),
    ),
    el("p", {}, () => tell(message)),
    rows.length ? numberTable(columns, rows) : "",
    el("p", { class: "muted" }, () => t("overview.source.checked", { when: dateTime(checked_at) })),
  ];
}

/** @param {Overview["disk"]} space */
function disk({ data_dir, used_bytes, free_bytes }) {
  const label = () => t("overview.disk.label");
  const share = used_bytes / Math.max(1, used_bytes + free_bytes);
  const places = () => ({ used: bytes(used_bytes), free: bytes(free_bytes) });
  return [
    el("progress", { max: 1, value: share, "aria-label": label }),
    el("p", {}, () => t("overview.disk.used", places())),
    el("code", {}, data_dir),
  ];
}

/** @param {HTMLElement} content */
function folded(content) {
  return el(
    "details",
    {},
    el("summary", {}, () => t("overview.table")),
    content,
  );
}

async function reload() {
  try {
    show(await get("/api/overview"));
    find("#overview-problem").textContent = "";
  } catch (error) {
    find("#overview-problem").textContent = /** @type {Error} */ (error).message;
  }
}

/** @type {Map<string, string>} */
const states = new Map();
let reloading = 0;

/** Only a job that changes its state changes the overview. @param {import("./types.js").Job} job */
function onJob({ id, status }) {
  const before = states.get(id);
  states.set(id, status);
  if (before === undefined || before === status) return;
  clearTimeout(reloading);
  reloading = setTimeout(reload, RELOAD_AFTER_MS);
}

startShell();
reload();
connect({ onJob, onReload: reload });

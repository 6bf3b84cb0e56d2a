/** What can be done with a job of the history: cancel, resume, delete; and clearing all of it. */

import { announce, announceError } from "./announce.js";
import { jobPath, post, remove } from "./api.js";
import { confirm } from "./dialogs.js";
import { el, icon } from "./dom.js";
import { t } from "./i18n.js";
import { isEnded } from "./vocabulary.js";

/** @typedef {import("./types.js").Job} Job */
/** @typedef {{button: HTMLButtonElement, isOffered: (job: Job) => boolean}} Action */

/**
 * The actions on a job; the history reloads by the events that they cause.
 * @param {() => Job} job
 * @returns {Action[]}
 */
export function actionsOf(job) {
  return [
    action("cancel", "stop", job, cancel, (now) => now.can_cancel),
    action("resume", "again", job, resume, (now) => now.can_resume),
    action("delete", "trash", job, askToDelete, (now) => isEnded(now.status)),
  ];
}

/** Remove all ended jobs, if the reader still wants it; true if they were. */
export async function askToClear() {
  const words = { title: t("job.clear.title"), text: t("job.clear.text"), action: t("jobs.clear") };
  if (!(await confirm(words))) return false;
  try {
    await post("/api/jobs/clear");
    announce(t("job.cleared"));
    return true;
  } catch (error) {
    announceError(error);
    return false;
  }
}

/** @param {Job} job */
async function cancel({ id, query }) {
  await post(jobPath(id, "/cancel"));
  announce(t("job.cancelling", { query }));
}

/** @param {Job} job */
async function resume({ id, query }) {
  await post(jobPath(id, "/resume"));
  announce(t("job.resumed", { query }), "good");
}

/** @param {Job} job */
async function askToDelete({ id, query }) {
  const words = {
    title: t("job.delete.title"),
    text: t("job.delete.text", { query }),
    action: t("job.delete"),
  };
  if (!(await confirm(words))) return;
  await remove(jobPath(id));
  announce(t("job.deleted", { query }));
}

/**
 * @param {string} name
 * @param {string} shape
 * @param {() => Job} job
 * @param {(job: Job) => Promise<void>} act
 * @param {(job: Job) => boolean} isOffered
 * @returns {Action}
 */
function action(name, shape, job, act, isOffered) {
  const label = () => t("job.for", { action: t(`job.${name}`), query: job()?.query ?? "" });
  const button = el(
    "button",
    { type: "button", class: "quiet", "data-action": name, "aria-label": label },
    icon(shape),
    el("span", {}, () => t(`job.${name}`)),
  );
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      await act(job());
    } catch (error) {
      announceError(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  return { button, isOffered };
}

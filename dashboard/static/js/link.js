/** Shows how the page is connected to the server: live, lost, or by asking. */

import { announce } from "./announce.js";
import { find } from "./dom.js";
import { say, t } from "./i18n.js";

/** @typedef {"open" | "lost" | "polling"} LinkState */

/** @type {LinkState | null} */
let state = null;

/** @param {LinkState} now */
export function showLink(now) {
  if (now === state) return;
  const wasLost = state === "lost";
  state = now;
  const place = find("#link");
  place.dataset.state = now;
  place.hidden = false;
  say(find("#link-text"), () => t(`link.${now}`));
  if (now === "lost") announce(t("link.lost"), "bad");
  if (now === "open" && wasLost) announce(t("link.back"), "good");
}

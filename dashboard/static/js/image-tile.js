/** One image of the grid: a button that opens the large view. */

import { el } from "./dom.js";
import { decimal } from "./format.js";
import { t } from "./i18n.js";
import { verdictName } from "./reasons.js";
import { stageOf, THUMBNAIL_SIZES } from "./vocabulary.js";

/** @typedef {import("./types.js").Decision} Decision */

export class ImageTile {
  /** @param {number} at @param {number} total */
  constructor(at, total) {
    this.button = el("button", { type: "button", class: "tile", tabindex: -1, "data-at": at });
    this.element = el("li", { "aria-setsize": total, "aria-posinset": at + 1 }, this.button);
  }

  /** @param {Decision} decision */
  fill(decision) {
    const { rank, reason } = decision;
    const name = () => {
      const title = decision.title || t("images.untitled");
      return t("images.open", { rank, title, verdict: verdictName(reason ?? "chosen") });
    };
    this.button.dataset.stage = stageOf(decision.reason);
    this.button.append(
      thumbnail(decision),
      el(
        "span",
        { class: "caption", "aria-hidden": "true" },
        el("span", {}, String(rank)),
        caption(decision),
      ),
      el("span", { class: "sr-only" }, name),
    );
  }
}

/** @param {Decision} decision */
function thumbnail({ thumbnail: address }) {
  const missing = () => el("span", { class: "missing" }, () => t("images.no_image"));
  if (!address) return missing();
  const [small, large] = THUMBNAIL_SIZES.map((size) => sized(address, size));
  const image = el("img", {
    src: large,
    srcset: `${small} 1x, ${large} 2x`,
    alt: "",
    loading: "lazy",
    decoding: "async",
  });
  image.addEventListener("error", () => image.replaceWith(missing()));
  return image;
}

/**
 * The address of a thumbnail at one of the sizes that the API makes.
 * @param {string} address
 * @param {number} size
 */
export function sized(address, size) {
  const url = new URL(address, location.origin);
  url.searchParams.set("size", String(size));
  return url.pathname + url.search;
}

/** @param {Decision} decision */
function caption({ score, width, height }) {
  if (score !== null && score !== undefined) return el("span", {}, () => decimal(score, 2));
  return el("span", {}, width && height ? `${width}×${height}` : "");
}

/**
 * The large view of an image with all that is known of it. Left and right move, Home and End jump,
 * Esc closes; the grid follows.
 */

import { announceError } from "./announce.js";
import { el, icon, webAddress } from "./dom.js";
import { number } from "./format.js";
import { say, t } from "./i18n.js";
import { factsOf } from "./image-facts.js";
import { sized } from "./image-tile.js";
import { THUMBNAIL_SIZES } from "./vocabulary.js";

/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {import("./decision-pages.js").DecisionPages} DecisionPages */

const LARGE = Math.max(...THUMBNAIL_SIZES);

export class ImageView {
  #pages;
  #stage = el("div", { class: "view-image" });
  #facts = el("dl", { class: "view-facts" });
  #actions = el("div", { class: "view-actions" });
  #place = el("p", { class: "view-place", role: "status" });
  #previous = this.#button("left", "images.previous", () => this.#show(this.#at - 1));
  #next = this.#button("right", "images.next", () => this.#show(this.#at + 1));
  #dialog = this.#build();
  #at = 0;

  /** @param {DecisionPages} pages @param {(at: number) => void} onClose */
  constructor(pages, onClose) {
    this.#pages = pages;
    this.#dialog.addEventListener("keydown", (event) => this.#onKey(event));
    this.#dialog.addEventListener("close", () => onClose(this.#at));
    document.body.append(this.#dialog);
  }

  /** @param {number} at */
  open(at) {
    this.#dialog.showModal();
    this.#show(at);
  }

  #build() {
    const close = this.#button("close", "dialog.close", () => this.#dialog.close());
    return el(
      "dialog",
      { class: "view", "aria-label": () => t("images.view") },
      el("div", { class: "view-head" }, this.#previous, this.#place, this.#next, close),
      this.#stage,
      el(
        "div",
        { class: "view-side" },
        this.#facts,
        this.#actions,
        el("p", { class: "hint" }, () => t("images.keys")),
      ),
    );
  }

  /** @param {string} shape @param {string} key @param {() => void} act */
  #button(shape, key, act) {
    const label = () => t(key);
    const button = el(
      "button",
      { type: "button", class: "quiet", "aria-label": label, title: label },
      icon(shape),
    );
    button.addEventListener("click", act);
    return button;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    /** @type {Record<string, number>} */
    const moves = {
      ArrowLeft: this.#at - 1,
      ArrowRight: this.#at + 1,
      Home: 0,
      End: this.#pages.total - 1,
    };
    if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#show(moves[event.key]);
  }

  /** @param {number} wanted */
  async #show(wanted) {
    const { total } = this.#pages;
    const at = Math.min(Math.max(wanted, 0), total - 1);
    this.#at = at;
    say(this.#place, () => t("images.place", { at: number(at + 1), n: number(total) }));
    // Disabled in name only: a button that is disabled while it has the focus loses it.
    this.#previous.setAttribute("aria-disabled", String(at === 0));
    this.#next.setAttribute("aria-disabled", String(at === total - 1));
    try {
      const decision = await this.#pages.at(at);
      if (decision && at === this.#at) this.#draw(decision);
      if (at + 1 < total) preload(await this.#pages.at(at + 1));
    } catch (error) {
      announceError(error);
    }
  }

  /** @param {Decision} decision */
  #draw(decision) {
    const address = largeAddress(decision);
    this.#stage.replaceChildren(
      address
        ? el("img", { src: address, alt: decision.title || String(decision.rank) })
        : el("p", { class: "missing" }, () => t("images.no_image")),
    );
    this.#facts.replaceChildren(...factsOf(decision));
    this.#actions.replaceChildren(
      ...outside(
        decision.image ? new URL(decision.image, location.origin).href : null,
        "images.full",
      ),
      ...outside(decision.page_url, "images.page"),
      ...outside(decision.url, "images.address"),
    );
  }
}

/**
 * A link out of the page, or none where the address is none of the web.
 * @param {string | null} address
 * @param {string} key
 */
function outside(address, key) {
  const href = webAddress(address);
  if (!href) return [];
  const safely = { href, target: "_blank", rel: "noreferrer noopener" };
  return [
    el(
      "a",
      { class: "button", ...safely },
      icon("out"),
      el("span", {}, () => t(key)),
    ),
  ];
}

/** @param {Decision} decision */
function largeAddress({ image, thumbnail }) {
  return image ?? (thumbnail ? sized(thumbnail, LARGE) : null);
}

/** @param {Decision | undefined} decision */
function preload(decision) {
  const address = decision && largeAddress(decision);
  if (address) new Image().src = address;
}
